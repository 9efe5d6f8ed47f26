"""What a benchmark program says of itself: names, stage, compiler, flags, commit. Runs it; one
process at a time."""
import json
import re
from pathlib import Path

from base import children, console
from base.errors import Failure
from base.paths import relative

RELEASE_BUILDS = ("Release", "RelWithDebInfo")
KEPT = ("stage", "commit", "build_type", "compiler", "flags")


REMEDY = "Run it by hand, or: make test"


def names_in(program: Path, pattern: str = "") -> list[str]:
    """The benchmarks of a program that match, in the order of the source. Raises Failure if two
    have one name."""
    names = [
        name
        for name in children.must([program, "--benchmark_list_tests"], REMEDY).stdout.splitlines()
        if re.search(pattern, name)
    ]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Failure(f"benchmark {', '.join(twice)}",
                      f"{relative(program)} has more than one of that name", "Rename one of them")
    return names


def common_names(programs: dict, pattern: str) -> list[str]:
    """The benchmarks that both programs have; warns of those that one has. Raises Failure if there
    are none."""
    old, new = (names_in(programs[side], pattern) for side in ("old", "new"))
    both = [name for name in old if name in new]
    if not both:
        known = ", ".join(sorted({*names_in(programs["old"]), *names_in(programs["new"])}))
        raise Failure(f"--filter {pattern}" if pattern else "the benchmarks",
                      f"no name is on both sides; there are: {known}", "Run: make build")
    alone = sorted(set(old) ^ set(new))
    if alone:
        console.warn(f"only in one stage, so not compared: {', '.join(alone)}")
    return both


def of(program: Path) -> dict:
    """{stage, commit, build_type, compiler, flags} of a program. Raises Failure unless it was built
    with optimization."""
    # Google Benchmark tells its context only when a benchmark runs.
    name = names_in(program)[0]
    text = children.must([program, f"--benchmark_filter=^{re.escape(name)}$",
                          "--benchmark_min_time=0.001", "--benchmark_format=json"], REMEDY).stdout
    try:
        context = json.loads(text)["context"]
    except (ValueError, KeyError):
        raise Failure(f"output '{text[:60]}' of {relative(program)}",
                      "Google Benchmark's JSON is expected", "Run: make build") from None
    build = {key: context.get(key, "unknown") for key in KEPT}
    if build["build_type"] not in RELEASE_BUILDS:
        raise Failure(f"build type '{build['build_type']}' of {relative(program)}",
                      f"times of a build other than {' or '.join(RELEASE_BUILDS)} mean nothing",
                      "Run: make clean build")
    return build


def warn_of_differences(builds: dict) -> None:
    """Warns where the two programs were not built alike."""
    for key in ("compiler", "flags", "build_type", "commit"):
        if builds["old"][key] != builds["new"][key]:
            console.warn(f"the stages were built with different {key} ({builds['old'][key]}, "
                         f"{builds['new'][key]}). Run: make build")


def describe(about: dict) -> str:
    """Two lines: the machine, and how the programs were built."""
    facts, new = about["machine"], about["new"]
    commits = {about[side]["commit"] for side in ("old", "new")}
    system = f"{facts['cpus']} CPUs, {facts['os']}, Linux {facts['kernel']}"
    return (f"machine: {facts['cpu']}, {system}\nbuild: {new['compiler']}, {new['flags']}, "
            f"{new['build_type']}, commit {' and '.join(sorted(commits))}")
