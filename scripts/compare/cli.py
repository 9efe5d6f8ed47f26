"""The comparison from start to end: check, measure, judge, write. Called by compare.sh through __main__."""
import argparse
import json
import shutil
import time
from pathlib import Path

from compare import ab, console, gbench, gobench, machine, process, report, schedule, service, stats, tables
from compare.errors import Failure

ROOT = Path(__file__).absolute().parent.parent.parent
CLIENTS = 8
PAIRS = 20
# Together they keep the whole comparison within two minutes on a machine that is busy as well.
BENCHMARK_BUDGET_SECONDS = 50
SERVICE_BUDGET_SECONDS = 55
# One ab run of the slower stage takes about this long.
LOAD_SECONDS = 0.8
REQUESTS_RANGE = (2000, 50000)
CALIBRATION_REQUESTS = 2000


def parse_arguments(arguments):
    """compare.sh has checked the stages and prints --help."""
    parser = argparse.ArgumentParser(prog="compare.sh", add_help=False)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "compare")
    parser.add_argument("--no-service", action="store_true")
    options = parser.parse_args(arguments)
    if options.pairs < schedule.PAIRS_MINIMUM:
        raise Failure(f"--pairs {options.pairs}", f"the statistics need at least {schedule.PAIRS_MINIMUM}", "Give more, or none")
    return options


def program(kind, stage):
    return str(ROOT / "build" / "bin" / f"{kind}-{stage}")


def check_builds(stages):
    """{side: context} of both benchmark programs; refuses a debug build, warns of unlike builds."""
    builds = {}
    for side, stage in stages.items():
        builds[side], _ = gbench.parse(gbench.run(program("bench", stage), gbench.PROBE))
        gbench.require_release(builds[side], f"bench-{stage}")
    for key in ("compiler", "flags", "build_type", "commit"):
        old, new = (builds[side].get(key, "unknown") for side in schedule.SIDES)
        if old != new:
            console.warn(f"the stages were built with different {key} ({old}, {new}). Run: make build")
    return {
        side: {key: build.get(key, "unknown") for key in ("stage", "build_type", "compiler", "flags", "commit")}
        for side, build in builds.items()
    }


def prepare(out):
    """Empties the folder of the last comparison, so that an interrupted one leaves no old result."""
    for name in ("compare.json", "compare.txt", "old.txt", "new.txt"):
        (out / name).unlink(missing_ok=True)
    shutil.rmtree(out / "raw", ignore_errors=True)
    (out / "raw").mkdir(parents=True)


def run_benchmarks(stages, pairs, raw):
    console.step(f"Benchmarks: {pairs} pairs of runs, old and new in turn (A B B A)")
    for stage in stages.values():
        console.show([program("bench", stage), *gbench.MEASURE], ROOT)

    def measure(side, pair):
        text = gbench.run(program("bench", stages[side]))
        (raw / f"bench-{pair:02}-{side}.json").write_text(text, encoding="utf-8")
        return gbench.parse(text)[1]

    runs = schedule.interleave("benchmarks", pairs, BENCHMARK_BUDGET_SECONDS, measure)
    return check_names(runs)


def check_names(runs):
    """Raises Failure unless some benchmark is on both sides; warns of those that are on one."""
    old, new = (set(runs[side][0]) for side in schedule.SIDES)
    if not old & new:
        raise Failure(f"benchmarks {sorted(old)} and {sorted(new)}", "no name is on both sides", "Run: make build")
    if old != new:
        console.warn(f"only in one stage, so not compared: {', '.join(sorted(old ^ new))}")
    return runs


def requests_for(rates):
    """How many requests the slower side answers in LOAD_SECONDS, to the thousand, within REQUESTS_RANGE."""
    wanted = round(min(rates) * LOAD_SECONDS, -3)
    return int(max(REQUESTS_RANGE[0], min(wanted, REQUESTS_RANGE[1])))


def run_service(stages, pairs, raw):
    """{side: [figures]} and what ab did, in words."""
    start = time.monotonic()
    warm = [
        service.load(program("leftpad", stages[side]), CALIBRATION_REQUESTS, CLIENTS, raw / f"ab-warm-up-{side}.txt")
        for side in schedule.SIDES
    ]
    requests = requests_for([figures["requests_per_second"] for figures in warm])
    console.step(f"Service: {pairs} pairs of ab runs, {requests} requests each, a new process for every run")
    port, debug_port = 8080, 6060
    for stage in stages.values():
        console.show(service.service_command(program("leftpad", stage), port, debug_port, "/tmp/requests.log"), ROOT)
        console.show(service.ab_command(port, requests, CLIENTS, "percentiles.csv"), ROOT)

    def measure(side, pair):
        return service.load(program("leftpad", stages[side]), requests, CLIENTS, raw / f"ab-{pair:02}-{side}.txt")

    budget = SERVICE_BUDGET_SECONDS - (time.monotonic() - start)
    loads = schedule.interleave("service", pairs, budget, measure)
    return loads, f"ab -k -c {CLIENTS} -n {requests}, no failed request"


def rule(pairs):
    return {
        "test": "Mann-Whitney U beyond the noise, Holm-corrected over the timed rows; constant counters exactly",
        "alpha": stats.ALPHA,
        "noise_minimum": stats.NOISE_MINIMUM,
        "pairs": pairs,
        "order": "ABBA",
    }


def compare(options):
    stages = {"old": options.old, "new": options.new}
    facts = machine.facts(ROOT)
    for text in machine.warnings(facts, machine.busy()):
        console.warn(text)
    builds = check_builds(stages)
    prepare(options.out)
    raw = options.out / "raw"
    runs = run_benchmarks(stages, options.pairs, raw)
    for side in schedule.SIDES:
        gobench.write(options.out / f"{side}.txt", facts, runs[side])
    loads, load = ({"old": [], "new": []}, "") if options.no_service else run_service(stages, options.pairs, raw)

    rows = report.rows_of_benchmarks(runs)
    service_rows = [] if options.no_service else report.rows_of_service(loads, ab.METRICS)
    verdicts = stats.judge(rows + service_rows)
    benchmarks, services = verdicts[: len(rows)], verdicts[len(rows) :]
    paper = report.text(options.old, options.new, benchmarks, services, load)
    document = report.document(facts, builds, rule(len(runs["old"])), benchmarks, services, load)
    (options.out / "compare.txt").write_text(paper, encoding="utf-8")
    (options.out / "compare.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"\n{describe(facts, builds)}\n{paper}")
    warn_of_noise(verdicts)


def describe(facts, builds):
    new = builds["new"]
    return (
        f"machine: {facts['cpu']}, {facts['cpus']} CPUs, {facts['os']}, Linux {facts['kernel']}\n"
        f"build: {new['compiler']}, {new['flags']}, {new['build_type']}, commit {new['commit']}"
    )


def warn_of_noise(verdicts):
    noisy = [verdict for verdict in verdicts if not verdict.exact and verdict.noise > 0.25]
    if noisy:
        worst = max(noisy, key=lambda verdict: verdict.noise)
        console.warn(
            f"noisy runs: {len(noisy)} rows cannot show a difference below 25 % (worst {worst.row.name} "
            f"{tables.TITLES.get(worst.row.metric, worst.row.metric)}: {worst.noise:.0%}). Close other programs and repeat"
        )


def main(arguments):
    with process.no_survivors():
        options = parse_arguments(arguments)
        compare(options)
    console.result_at(options.out / "compare.json", ROOT)
    console.next_command("make report")
    return 0
