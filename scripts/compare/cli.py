"""The comparison from start to end: check, measure, judge, write."""
import json
import tempfile
from pathlib import Path

from base import ab, console, machine, tools, turns
from base import stages as programs
from base.commandline import Number
from base.errors import Failure
from base.paths import BUILD, ROOT
from compare import gbench, gobench, report, service, stats, tables

CLIENTS = 8
PAIRS = 30
# Together they keep the whole comparison within two minutes on a machine that is busy as well.
BENCHMARK_BUDGET_SECONDS = 50
SERVICE_BUDGET_SECONDS = 58
# One ab run of the slower stage takes about this long.
LOAD_SECONDS = 0.8
NOISE_WORTH_A_WARNING = 0.10
REQUESTS_RANGE = (2000, 50000)
RESULTS = ("old.txt", "new.txt", "compare.txt", "compare.json")
CALIBRATION_REQUESTS = 2000


def add_arguments(parser):
    parser.describe(
        """Prints time, bytes and allocations per operation of both stages, then requests per
        second and latency of both services, each with its delta, or ~ where there is no
        difference. Takes up to two minutes. Fails if a request fails or a build is a debug
        build.""",
        "make compare OLD=v1-naive NEW=v3-mine")
    parser.add_argument("old", metavar="OLD", nargs="?", default="v1-naive",
                        help="a stage (default %(default)s)")
    parser.add_argument("new", metavar="NEW", nargs="?", default="v2-optimized",
                        help="another one (default %(default)s)")
    parser.add_argument("--pairs", metavar="N", action=Number, default=PAIRS,
                        help="runs of each side, at least 16 (default %(default)s; fewer if time runs out)")
    parser.add_argument("--no-service", action="store_true", help="benchmarks only")
    parser.add_argument("--out", metavar="DIR", type=Path, default=BUILD / "compare", help=(
        "where results go (default build/compare): compare.json, compare.txt, old.txt and new.txt in "
        "the Go benchmark format (benchstat old.txt new.txt), raw/ with every run"))


def check_builds(stages):
    """{side: context} of both benchmark programs; refuses a debug build, warns of unlike builds."""
    builds = {}
    for side, stage in stages.items():
        builds[side], _ = gbench.parse(gbench.run(programs.program("bench", stage), gbench.PROBE))
        gbench.require_release(builds[side], f"bench-{stage}")
    for key in ("compiler", "flags", "build_type", "commit"):
        old, new = (builds[side].get(key, "unknown") for side in turns.SIDES)
        if old != new:
            console.warn(
                f"the stages were built with different {key} ({old}, {new}). Run: make build")
    return {
        side: {
            key: build.get(key, "unknown")
            for key in ("stage", "build_type", "compiler", "flags", "commit")
        } for side, build in builds.items()
    }


def publish(fresh, out):
    """Puts a whole comparison in the place of the last one, which stays until then. Other files in
    `out` stay, too."""
    for path in [*(out / "raw").glob("bench-*.json"), *(out / "raw").glob("ab-*")]:
        path.unlink()
    for path in sorted((fresh / "raw").iterdir()) + [fresh / name for name in RESULTS]:
        path.replace(out / path.relative_to(fresh))


def run_benchmarks(stages, pairs, raw):
    console.step(f"Benchmarks: {pairs} pairs of runs, old and new in turn (A B B A)")
    for stage in stages.values():
        console.show([programs.program("bench", stage), *gbench.MEASURE])

    def measure(side, pair):
        text = gbench.run(programs.program("bench", stages[side]))
        (raw / f"bench-{pair:02}-{side}.json").write_text(text, encoding="utf-8")
        return gbench.parse(text)[1]

    runs = turns.interleave("benchmarks", pairs, BENCHMARK_BUDGET_SECONDS, measure)
    return check_names(runs)


def check_names(runs):
    """Raises Failure unless some benchmark is on both sides; warns of those that are on one."""
    old, new = (set(runs[side][0]) for side in turns.SIDES)
    if not old & new:
        raise Failure(f"benchmarks {sorted(old)} and {sorted(new)}", "no name is on both sides",
                      "Run: make build")
    if old != new:
        console.warn(f"only in one stage, so not compared: {', '.join(sorted(old ^ new))}")
    return runs


def requests_for(rates):
    """How many requests the slower side answers in LOAD_SECONDS, to the thousand, within
    REQUESTS_RANGE."""
    wanted = round(min(rates) * LOAD_SECONDS, -3)
    return int(max(REQUESTS_RANGE[0], min(wanted, REQUESTS_RANGE[1])))


def calibrate(stages, raw):
    """Requests for each ab run. Comes first, so that a service that cannot serve is known at
    once."""
    rates = [
        service.load(programs.program("leftpad", stages[side]), CALIBRATION_REQUESTS, CLIENTS,
                     raw / f"ab-warm-up-{side}.txt") for side in turns.SIDES
    ]
    return requests_for([figures["requests_per_second"] for figures in rates])


def run_service(stages, pairs, requests, raw):
    console.step(
        f"Service: {pairs} pairs of ab runs, {requests} requests each, a new process for every run")
    for stage in stages.values():
        console.show(service.service_command(programs.program(
            "leftpad", stage), 8080, "/tmp/requests.log"))
        console.show(
            service.ab_command("http://127.0.0.1:8080", requests, CLIENTS, "percentiles.csv"))

    def measure(side, pair):
        return service.load(programs.program("leftpad", stages[side]), requests, CLIENTS,
                            raw / f"ab-{pair:02}-{side}.txt")

    return turns.interleave("service", pairs, SERVICE_BUDGET_SECONDS, measure)


def compare(options):
    stages = {"old": options.old, "new": options.new}
    facts = machine.facts(ROOT)
    for text in machine.warnings(facts, machine.busy()):
        console.warn(text)
    builds = check_builds(stages)
    (options.out / "raw").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".running.", dir=options.out) as folder:
        fresh = Path(folder)
        measure_all(options, stages, facts, builds, fresh)
        publish(fresh, options.out)


def measure_all(options, stages, facts, builds, out):
    raw = out / "raw"
    raw.mkdir()
    requests = None if options.no_service else calibrate(stages, raw)
    runs = run_benchmarks(stages, options.pairs, raw)
    for side in turns.SIDES:
        gobench.write(out / f"{side}.txt", facts, runs[side])
    rows = report.rows_of_benchmarks(runs)
    if requests:
        rows += report.rows_of_service(run_service(stages, options.pairs, requests, raw),
                                       ab.METRICS)
    write_results(options, out, facts, builds, stats.judge(rows), requests)


def write_results(options, out, facts, builds, verdicts, requests):
    """The text to the terminal and compare.txt, everything to compare.json."""
    services = [verdict for verdict in verdicts if verdict.row.name == report.SERVICE]
    benchmarks = [verdict for verdict in verdicts if verdict.row.name != report.SERVICE]
    load = f"ab -k -c {CLIENTS} -n {requests}" if requests else None
    paper = report.text(options.old, options.new, benchmarks, services, load)
    (out / "compare.txt").write_text(paper, encoding="utf-8")
    document = report.document(facts, builds, benchmarks, services, load)
    (out / "compare.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"\n{describe(facts, builds)}\n{paper}")
    warn_of_noise(verdicts)


def describe(facts, builds):
    new = builds["new"]
    commit = facts["commit"] if new["commit"] == "unknown" else new["commit"]
    return (
        f"machine: {facts['cpu']}, {facts['cpus']} CPUs, {facts['os']}, Linux {facts['kernel']}\n"
        f"build: {new['compiler']}, {new['flags']}, {new['build_type']}, commit {commit}"
    )


def warn_of_noise(verdicts):
    noisy = [
        verdict for verdict in verdicts
        if not verdict.exact and verdict.noise > NOISE_WORTH_A_WARNING
    ]
    if noisy:
        worst = max(noisy, key=lambda verdict: verdict.noise)
        console.warn(
            f"noisy runs: {len(noisy)} rows scatter (worst {worst.row.name} "
            f"{tables.TITLES.get(worst.row.metric, worst.row.metric)}: {worst.noise:.0%}). Close other programs and repeat"
        )


def run(options):
    for kind in ("bench", "leftpad"):
        for stage in (options.old, options.new):
            programs.program(kind, stage)
    if options.pairs < turns.PAIRS_MINIMUM:
        raise Failure(f"--pairs {options.pairs}",
                      f"the statistics need at least {turns.PAIRS_MINIMUM}", "Give more, or none")
    tools.need("ab", "apache2-utils")
    compare(options)
    console.result_at(options.out / "compare.json")
    console.next_command("make report")
