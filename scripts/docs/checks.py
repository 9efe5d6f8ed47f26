"""What `<!-- check: … -->` can say of a command's output. Pure functions on lines of text.

exact                        the output is what the chapter shows
shape                        the same, but numbers, times and sizes may differ
contains A, B                each text occurs
lacks A, B                   none occurs
matches REGEX                the regular expression is found (multi-line mode)
top N contains A, B          each text occurs in the first N rows of pprof's table
top N lacks A, B             none does
figures EXPRESSION           a comparison of named figures holds: v2_rps > 1.1 * v1_rps
exit N                       the exit status of the last command (default 0)
"""

import difflib
import re

from docs.figures import evaluate, find
from docs.markdown import Block, Directive, DocumentError

_FORMS = re.compile(
    r"exact|shape|exit \d+|(?:matches|figures|(?:top \d+ )?(?:contains|lacks)) \S.*")
ELISION = "[…]"
_NUMBER = re.compile(r"[-+]?\d[\d,.]*(?:\s?(?:ns|us|µs|ms|s|[kMG]?B|%)(?![A-Za-z]))?")


def expected_exit(block: Block) -> int:
    """The exit status that the last command must have."""
    for check in block.all("check"):
        if found := re.fullmatch(r"exit (\d+)", check.text):
            return int(found[1])
    return 0


def problems(block: Block, content: list[str], output: list[str],
             figures: dict[str, float]) -> list[str]:
    """Why the block's checks fail; empty if they hold.

    `content` is the block as a run would write it, `output` all that the commands printed.
    """
    return [reason for check in block.all("check")
            for reason in _problems_of(check, block, content, output, figures)]


def _problems_of(check: Directive, block: Block, content: list[str], output: list[str],
                 figures) -> list[str]:
    if not _FORMS.fullmatch(check.text):
        raise DocumentError(
            f"line {check.line}: unknown check '{check.text}'; see scripts/docs/checks.py")
    word, _, rest = check.text.partition(" ")
    if word in ("exact", "shape"):
        return _differences(block.content, content, blur if word == "shape" else str)
    if word == "exit":
        return []
    if word == "figures":
        return [] if evaluate(rest, figures) else [f"`{rest}` is false: {_values(rest, figures)}"]
    if word == "matches":
        return [] if find(rest, output, check) else [f"no match of {rest}"]
    if word == "top":
        count, _, rest = rest.partition(" ")
        output, word, rest = top_rows(output, int(count)), *rest.split(" ", 1)
    text = "\n".join(output)
    wanted = [part.strip() for part in rest.split(", ")]
    if word == "contains":
        return [f"'{part}' is not in the output" for part in wanted if part not in text]
    return [f"'{part}' is in the output" for part in wanted if part in text]


def top_rows(output: list[str], count: int) -> list[str]:
    """The first `count` rows below pprof's header line."""
    for number, line in enumerate(output):
        if re.match(r"\s*flat\s+flat%", line):
            return output[number + 1 : number + 1 + count]
    return []


def blur(line: str) -> str:
    """The line with every number as 0 and every run of blanks or dashes as one."""
    line = re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,40}\b", "0", line)  # commit, build id, address
    return re.sub(r"([\s─-])\1+", r"\1", re.sub(r"\s+", " ", _NUMBER.sub("0", line))).strip()


def _differences(shown: list[str], now: list[str], key) -> list[str]:
    if [key(line) for line in shown] == [key(line) for line in now]:
        return []
    lines = list(difflib.unified_diff(shown, now, "shown", "now", lineterm="", n=1))
    return ["the output differs from what is shown:\n      " + "\n      ".join(lines[:40])]


def _values(expression: str, figures: dict[str, float]) -> str:
    names = [name for name in re.findall(r"[a-z]\w*", expression) if name in figures]
    return ", ".join(f"{name} = {figures[name]:g}" for name in names)


def excerpt(output: list[str], show: Directive | None) -> list[str]:
    """The lines that a chapter prints: all, or those `<!-- show: … -->` asks for.

    show: first N; last N; from /A/ to /B/     parts joined by `; `, gaps become […]
    """
    if show is None:
        return output
    keep: set[int] = set()
    for part in show.text.split("; "):
        keep |= _kept(part, output, show)
    lines, previous = [], -1
    for number in sorted(keep):
        if number != previous + 1:
            lines.append(ELISION)
        lines.append(output[number])
        previous = number
    if previous + 1 < len(output):
        lines.append(ELISION)
    return lines


def _kept(part: str, output: list[str], show: Directive) -> set[int]:
    if found := re.fullmatch(r"(first|last) (\d+)", part):
        count = min(int(found[2]), len(output))
        return set(range(count) if found[1] == "first" else range(len(output) - count, len(output)))
    if found := re.fullmatch(r"from /(.*)/ to /(.*)/", part):
        start = next((n for n, text in enumerate(output) if find(found[1], [text], show)), None)
        if start is None:
            return set()
        end = next((n for n in range(start, len(output)) if find(found[2], [output[n]], show)),
                   len(output) - 1)
        return set(range(start, end + 1))
    raise DocumentError(
        f"line {show.line}: unknown show '{part}'; use first N, last N or from /A/ to /B/")
