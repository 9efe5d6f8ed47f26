"""The article's findings as checks on real profiles. The report shows them; the walkthrough fails
on them.

Limits are wide: they tell a culprit from none, not one machine from another. What only noise hides
is undecided, which is no failure: counts and shares decide, times inform.
"""
from dataclasses import dataclass
from pathlib import Path

from base import console
from base.commandline import Options, Parser
from flame import numbers
from report import attribution, inputs, sources
from report.inputs import Inputs

# The culprits lead if they are more than half of what the application does ...
LEADS = 0.5
# ... and are gone from the top below this part of everything, and per request at most this part of
# before.
GONE = 0.2
REST = 1 / 3


@dataclass(frozen=True)
class Finding:
    """met: True, False, or None: undecided, or not measured at all. commands: what measures it
    (again)."""

    name: str
    rule: str
    old: str
    new: str
    met: bool | None
    commands: list[str]

    @property
    def measured(self) -> bool:
        """Whether there was anything to judge by."""
        return bool(self.old)

    @property
    def command(self) -> str:
        """Its commands as one."""
        return " && ".join(self.commands)

    @property
    def verdict(self) -> str:
        """In a word or two."""
        return {True: "yes", False: "NO",
                None: "undecided" if self.measured else "not measured"}[self.met]


def _values(capture, value):
    """{component: its part of the value}"""
    return {name: each.value for name, each in attribution.sums(capture, value).items()}


def _parts(capture, value):
    """(culprits, application, everything)"""
    totals = _values(capture, value)
    culprits = sum(totals.get(name, 0) for name in attribution.CULPRITS)
    everything = sum(totals.values())
    return culprits, everything - totals.get(attribution.SERVER, 0), everything


# What a check gives: (old, new, met), or None: not measured.
def _culprits(data, kind, value):
    if not (pair := data.pair(kind)):
        return None
    (old, old_application, old_all), (new, _, new_all) = (_parts(capture, value)
                                                          for capture in pair)
    met = old_all > 0 and old > LEADS * old_application and new < GONE * new_all
    if pair[0].requests and pair[1].requests:
        met = met and new / pair[1].requests < REST * old / pair[0].requests
    led = f"{numbers.share(old, old_application)} of the application"
    return (f"{led}, {numbers.share(old, old_all)} of all",
            f"{numbers.share(new, new_all)} of all", met)


def _logger_lock(data):
    if not (pair := data.pair("mutex")):
        return None
    (old, old_all), (new, _) = ((totals.get("logger", 0), sum(totals.values()))
                                for totals in (_values(capture, "delay") for capture in pair))
    left = _per_request(new, pair[1])
    if not old_all:  # one processor, or next to no load
        return "no thread waited", left, None
    before, after = old / (pair[0].requests or 1), new / (pair[1].requests or 1)
    return (f"{numbers.share(old, old_all)} of the waiting, {_per_request(old, pair[0])}", left,
            old > LEADS * old_all and after < REST * before)


def _per_request(nanoseconds, capture):
    if capture.requests:
        return f"{numbers.amount(nanoseconds / capture.requests, 'ns')} a request"
    return numbers.amount(nanoseconds, "ns")


def _throughput(data):
    if not (row := data.row("service", "requests_per_second")):
        return None
    met = row.new > row.old if row.differs else None
    return numbers.plain(row.old), numbers.plain(row.new), met


def _allocations(data):
    if not (rows := data.rows("benchmarks", "allocs")):
        return None
    old, new = sum(row.old for row in rows), sum(row.new for row in rows)
    met = all(row.new <= row.old for row in rows) and new <= REST * old
    return f"{numbers.plain(old)} in {len(rows)}", f"{numbers.plain(new)} in {len(rows)}", met


_GONE = "lead the application in the old stage, gone from the top in the new one"
# In the order of the story: name, rule, which of sources.commands() measure it, check.
_CHECKS = (
    ("leftpad, StatsD, logger: CPU time", _GONE, "capture_cpu",
     lambda data: _culprits(data, "cpu", "cpu")),
    ("leftpad, StatsD, logger: allocations", _GONE, "capture_allocs",
     lambda data: _culprits(data, "allocs", "alloc_objects")),
    ("Logger's mutex, waiting",
     "leads the old stage's lock waits, next to nothing in the new one", "capture_mutex",
     _logger_lock),
    ("Allocations in the benchmarks", "none has more, and their sum is at most a third",
     "compare", _allocations),
    ("Requests per second", "more in the new stage", "compare", _throughput),
)


def judge(data: Inputs) -> list[Finding]:
    """All findings, in the order of the story."""
    commands = sources.commands(data)
    return [Finding(name, rule, *(check(data) or ("", "", None)), commands[section])
            for name, rule, section, check in _CHECKS]


def table(found: list[Finding], old: str, new: str) -> list[str]:
    """The summary as lines of text."""
    rows = [("finding", old, new, "met")]
    rows += [(each.name, each.old or "-", each.new or "-", each.verdict) for each in found]
    return console.columns([tuple(cell.replace(numbers.THIN, " ") for cell in row)
                            for row in rows])


def add_arguments(parser: Parser) -> None:
    parser.describe(
        """Prints the table of the article's findings as the captures of two stages show them; exit
        status 1 if one is not met or not measured.""", "scripts/workshop findings")
    inputs.add_arguments(parser)
    parser.add_argument("--again", metavar="FILE", type=Path,
                        help="writes the commands that measure what is not met")


def run(options: Options) -> int:
    inputs.check(options)
    data = inputs.read(options.compare, options.profiles, options.old, options.new)
    found = judge(data)
    print("\n".join(table(found, data.old, data.new)))
    for each in found:
        if not each.met:
            again = "Measure again, on a quieter machine" if each.measured else "Run"
            verdict = "not met" if each.met is False else each.verdict
            print(f"{verdict}: {each.name}: {each.rule}. {again}: {each.command}")
    bad = [each for each in found if each.met is False or not each.measured]
    if options.again:
        options.again.write_text("".join(
            f"{command}\n" for each in bad for command in each.commands), encoding="utf-8")
    return 1 if bad else 0
