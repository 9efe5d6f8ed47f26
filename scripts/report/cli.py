"""`python3 -m report`: reads what there is, writes one page, says what is missing. Called by report.sh."""
import argparse
from datetime import datetime, timezone
from pathlib import Path

from base import console
from report import (benchmark_view, callgraph, commands, findings, flame_view, inputs, machine_view,
                    numbers, page, profile_view, service_view)


def parse_arguments(arguments):
    """report.sh prints --help."""
    build = inputs.ROOT / "build"
    parser = argparse.ArgumentParser(prog="report.sh", add_help=False)
    parser.add_argument("old", nargs="?")
    parser.add_argument("new", nargs="?")
    parser.add_argument("--compare", type=Path, default=build / "compare")
    parser.add_argument("--profiles", type=Path, default=build / "profiles")
    parser.add_argument("--out", type=Path, default=build / "report" / "index.html")
    parser.add_argument("--libraries", type=Path, default=page.MODULES)
    parser.add_argument("--notice", default="")
    return parser.parse_args(arguments)


def benchmark_finding(data):
    rows = [
        row for row in (data.comparison or {}).get("benchmarks", [])
        if row["metric"] == "time" and row["differs"]
    ]
    if not rows:
        return "No benchmark differs in time."
    best = min(rows, key=lambda row: row["new"] / row["old"])
    return (
        f"{best['name']} gains most: {numbers.amount(best['old'], 'ns')} to {numbers.amount(best['new'], 'ns')} "
        f"({numbers.change(best['old'], best['new'])}).")


def flames(data, libraries_missing):
    if libraries_missing:
        return {"cpu": None, "allocs": None}
    return {
        "cpu": flame_view.flame(data, "cpu", "cpu", "nanoseconds", "CPU time"),
        "allocs": flame_view.flame(data, "allocs", "alloc_objects", "objects", "Allocated objects"),
    }


def graphs(data):
    drawn = []
    for side, stage in data.stages().items():
        capture = data.captures.get((side, "cpu"))
        if capture:
            label = f"Call graph of {stage}'s CPU time. {flame_view.leader(capture, 'cpu')}"
            svg = callgraph.draw(capture, "cpu", f"graph-{side}", label)
            drawn += [(stage, svg)] if svg else []
    return drawn


def listings(data):
    found = [(stage, callgraph.annotated_source(data.captures[side, "cpu"], "service::leftpad$"))
             for side, stage in data.stages().items() if (side, "cpu") in data.captures]
    return [(stage, text) for stage, text in found if text]


def sites(data, profiles):
    """What `make alloc-sites` wrote: [(stage, text)]."""
    paths = [(stage, profiles / stage / "alloc-sites.txt") for stage in data.stages().values()]
    return [(stage, path.read_text(encoding="utf-8").strip())
            for stage, path in paths
            if path.is_file()]


def fields(data, options):
    """What the templates name."""
    libraries_missing = page.missing_libraries(options.libraries)
    trees = flames(data, libraries_missing)
    charts = None if libraries_missing else service_view.charts(data)
    now = datetime.now(timezone.utc)
    return {
        "data": data, "notice": options.notice, "commands": commands.of(data),
        "headline": service_view.headline(data), "tiles": service_view.tiles(data),
        "findings": findings.judge(data), "service": service_view.table(data),
        "service_findings": service_view.finding(data), "charts": charts,
        "benchmarks": benchmark_view.tables(data), "benchmark_finding": benchmark_finding(data),
        "rule": benchmark_view.rule(data), "cpu": profile_view.components(data, "cpu", "cpu",
                                                                          "ns"), "flames": trees,
        "flame_findings": {kind: flame_view.finding(tree) for kind, tree in trees.items()
                           }, "graphs": graphs(data), "listings": listings(data),
        "sites": sites(data, options.profiles), "allocations": profile_view.functions(
            data, "allocs", "alloc_objects",
            ""), "alloc_parts": profile_view.components(data, "allocs", "alloc_objects", ""),
        "heap": profile_view.places(data, "heap", "inuse_space", "B"),
        "locks": profile_view.functions(data, "mutex", "delay",
                                        "ns"), "lock_finding": profile_view.lock_finding(data),
        "threads": profile_view.places(data, "threads", "threads", ""), "facts": [
            *machine_view.facts(data), ("Page made", f"{now:%Y-%m-%d %H:%M} UTC")
        ], "left_out": (
            "plots and flame graphs; their JavaScript libraries are not installed. Run: make setup"
            if libraries_missing else ""),
    }


def main(arguments):
    options = parse_arguments(arguments)
    data = inputs.read(options.compare, options.profiles, options.old, options.new)
    content = fields(data, options)
    documents = {
        "charts": content["charts"], "flame-cpu": content["flames"]["cpu"],
        "flame-allocs": content["flames"]["allocs"]
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(page.render(content, documents, options.libraries), encoding="utf-8")
    if content["left_out"]:
        console.warn(f"left out: {content['left_out']}")
    for each in content["findings"]:
        if not each.measured:
            console.warn(f"not measured: {each.name}. Run: {each.command}")
    console.result_at(options.out)
    console.next_command(f"xdg-open {options.out}".replace(f"{inputs.ROOT}/", ""))
    return 0
