"""What stands beside a section: the commands that made it, its chapter and lab, and the machine. Pure functions."""
import os
import shlex
from pathlib import Path

from base.paths import EXAMPLE_TARGET, ROOT
from report import callgraph

# The chapter that teaches a section, and a lab to go on with: number and
# symptom, not the diagnosis.
CHAPTERS = {"service": "13-measuring-the-result", "benchmarks": "09-benchmarking", "cpu": "04-cpu-profile",
            "allocations": "05-heap-profile", "sites": "06-allocation-sites", "locks": "08-block-and-mutex",
            "threads": "07-threads"}
LABS = {"service": (13, "two programs that should be equally fast"),
        "benchmarks": (12, "a function that became fast, and a service that did not"),
        "cpu": (2, "a service that computes more than it should"),
        "allocations": (4, "a service that allocates, but only for some requests"),
        "locks": (9, "a service whose threads wait"),
        "threads": (8, "a service that stops answering while nothing runs")}


def commands(data) -> dict:
    """{section: [command]}. The profiles' pprof commands are those that callgraph.py and inputs.py run."""
    load = (data.said("load") or "ab -k -c 8 -n 50000").split(",")[0]
    compare = f"make compare OLD={data.old} NEW={data.new}"
    stages = data.stages().values()

    def capture(kind):
        return [f"make profile-{kind} STAGE={stage}" for stage in stages]

    def file(stage, kind):
        return f"build/profiles/{stage}/{kind}.pb.gz"

    def pprof(options, kind):
        return [f"build/tools/pprof {options} {file(stage, kind)}" for stage in stages]

    return {
        "compare": [compare],
        "service": [
            compare,
            f"build/bin/leftpad-{data.old} --port 8080 --debug-addr 127.0.0.1:6060 --log-file /tmp/requests.log",
            f"{load} -e percentiles.csv 'http://127.0.0.1:8080{EXAMPLE_TARGET}'"],
        "benchmarks": [compare, f"build/bin/bench-{data.old}",
                       "benchstat build/compare/old.txt build/compare/new.txt"],
        "cpu": [
            *capture("cpu"), *pprof("-top", "cpu"), *pprof(shlex.join(callgraph.OPTIONS), "cpu"),
            *pprof("-list=service::leftpad", "cpu"),
            f"build/tools/pprof -top -diff_base={file(data.old, 'cpu')} {file(data.new, 'cpu')}"],
        "allocations": [*capture("allocs"), *pprof("-sample_index=alloc_objects -top", "allocs"), *capture("heap")],
        "locks": [*capture("mutex"), *pprof("-top", "mutex")],
        "threads": [*capture("threads"), *pprof("-traces", "threads")],
        **{f"capture_{kind}": capture(kind) for kind in ("cpu", "allocs", "heap", "mutex", "threads")},
    }


def lessons(out) -> dict:
    """{section: (title, address)} of the chapters, as the page at `out` reaches them: in the site if `make docs` made it."""
    found = {}
    for section, chapter in CHAPTERS.items():
        source = ROOT / "docs" / f"{chapter}.md"
        site = ROOT / "build" / "site" / f"{chapter}.html"
        title = source.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
        found[section] = title, os.path.relpath(
    site if site.is_file() else source, Path(out).absolute().parent)
    return found


def facts(data) -> list:
    """What was measured and where: (label, value)."""
    machine, build = data.said("machine"), data.said("build", "new")
    memory = machine.get("memory_bytes")
    rows = [("Processor", _join(machine.get("cpu"), f"{machine['cpus']} CPUs" if machine.get("cpus") else None,
                                "virtual machine" if machine.get("virtual") else None)),
            ("Memory", f"{memory / (1 << 30):.1f} GiB" if memory else None),
            ("System", _join(machine.get("os"),
             f"Linux {machine['kernel']}" if machine.get("kernel") else None)),
            ("Load average before", ", ".join(
                f"{value:.2f}" for value in machine.get("load_average", [])) or None),
            ("Compiler", build.get("compiler")),
            ("Flags", _join(build.get("flags"), build.get("build_type"))),
            ("Commit", machine.get("commit")), ("Stages", f"{data.old} (old), {data.new} (new)")]
    return [(name, value) for name, value in rows if value and value != "unknown"]


def _join(*parts):
    return ", ".join(part for part in parts if part and part != "unknown") or None
