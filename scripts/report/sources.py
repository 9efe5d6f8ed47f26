"""What stands beside a section: the commands that made it, its chapter and lab, and the machine.
Pure but for the titles of chapters, which are read."""
import os
import shlex
from pathlib import Path

from base.paths import BUILD, EXAMPLE_TARGET, PPROF, ROOT, relative
from report import callgraph
from report.inputs import KINDS, Inputs

# The chapter that teaches a section, and a lab to go on with: number and symptom, no diagnosis.
CHAPTERS = {
    "service": "13-measuring-the-result", "benchmarks": "09-benchmarking",
    "cpu": "04-cpu-profile", "allocations": "05-heap-profile", "sites": "06-allocation-sites",
    "locks": "08-block-and-mutex", "threads": "07-threads", "flame": "20-flame-graphs"}
LABS = {
    "service": (13, "two programs that should be equally fast"),
    "benchmarks": (12, "a function that became fast, and a service that did not"),
    "cpu": (2, "a service that computes more than it should"),
    "allocations": (4, "a service that allocates, but only for some requests"),
    "locks": (9, "a service whose threads wait"),
    "threads": (8, "a service that stops answering while nothing runs")}


def commands(data: Inputs) -> dict:
    """{section: [command]}: what measures it, and shows it without the report."""
    compare = f"make compare OLD={data.old} NEW={data.new}"
    stages = data.stages().values()

    def capture(kind):
        return [f"make profile-{kind} STAGE={stage}" for stage in stages]

    def file(stage, kind):
        return f"build/profiles/{stage}/{kind}.pb.gz"

    def pprof(options, kind):
        return [f"{relative(PPROF)} {options} {file(stage, kind)}" for stage in stages]

    difference = f"-diff_base={file(data.old, 'cpu')} {file(data.new, 'cpu')}"
    return {
        "compare": [compare], "service": [
            compare, f"build/bin/leftpad-{data.old} --port 8080 --debug-addr 127.0.0.1:6060 "
            "--log-file /tmp/requests.log",
            f"ab -k -c 8 -n 50000 'http://127.0.0.1:8080{EXAMPLE_TARGET}'",
            f"build/bin/open-loop-load 127.0.0.1 8080 '{EXAMPLE_TARGET}' --rate 2000"
        ], "benchmarks": [
            compare, f"build/bin/bench-{data.old}",
            "benchstat -col stage -ignore commit build/compare/old.txt build/compare/new.txt"
        ], "cpu": [
            *capture("cpu"), *pprof("-top", "cpu"), *pprof(shlex.join(callgraph.OPTIONS), "cpu"),
            *pprof("-list=service::leftpad", "cpu"), f"{relative(PPROF)} -top {difference}"
        ], "allocations": [
            *capture("allocs"), *pprof("-sample_index=alloc_objects -top", "allocs"),
            *capture("heap")
        ], "locks": [*capture("mutex"), *pprof("-top", "mutex")],
        "threads": [*capture("threads"), *pprof("-traces", "threads")],
        **{f"capture_{kind}": capture(kind) for kind in KINDS},
    }


def lessons(out: Path) -> dict:
    """{section: (title, address)} of the chapters, as the page at `out` reaches them: in the site
    if `make docs` made it, else the text."""
    found = {}
    for section, chapter in CHAPTERS.items():
        source, site = ROOT / "docs" / f"{chapter}.md", BUILD / "site" / f"{chapter}.html"
        title = source.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
        address = os.path.relpath(site if site.is_file() else source, Path(out).absolute().parent)
        found[section] = title, address
    return found


def facts(data: Inputs) -> list:
    """What was measured and where: (label, value)."""
    machine, build = data.said("machine"), data.said("new")
    memory, cpus, kernel = (machine.get(key) for key in ("memory_bytes", "cpus", "kernel"))
    load = ", ".join(f"{value:.2f}" for value in machine.get("load_average", []))
    rows = [
        ("Processor", [machine.get("cpu"), cpus and f"{cpus} CPUs",
                       machine.get("virtual") and "virtual machine"]),
        ("Memory", [memory and f"{memory / (1 << 30):.1f} GiB"]),
        ("System", [machine.get("os"), kernel and f"Linux {kernel}"]),
        ("Load average before", [load]),
        ("Compiler", [build.get("compiler")]),
        ("Flags", [build.get("flags"), build.get("build_type")]),
        ("Commit", sorted({data.said(side).get("commit") or "" for side in ("old", "new")})),
        ("Stages", [f"{data.old} (old)", f"{data.new} (new)"]),
    ]
    known = [(name, [part for part in parts if part and part != "unknown"]) for name, parts in rows]
    return [(name, ", ".join(parts)) for name, parts in known if parts]
