"""`make report`: reads what there is, writes one page, says what is missing."""
import shutil
from datetime import datetime, timezone
from pathlib import Path

from markupsafe import Markup

from base import console
from base.commandline import Options, Parser
from base.paths import BUILD, relative
from flame.page import asset, environment
from report import (benchmark_view, callgraph, charts, findings, inputs, profile_view,
                    service_view, sources)

HERE = Path(__file__).absolute().parent
SECTIONS = (("service", "Service"), ("benchmarks", "Benchmarks"), ("cpu", "CPU"),
            ("allocations", "Allocations"), ("locks", "Locks"), ("threads", "Threads"),
            ("machine", "Measured on"))


def add_arguments(parser: Parser) -> None:
    parser.describe(
        """Writes a page that works offline: the service before and after, benchmarks, flame
        graphs, call graphs, allocations, lock waits, threads. It measures nothing: what is missing
        gets a section that says what to run.""",
        "make report OLD=v1-naive NEW=v3-mine")
    inputs.add_arguments(parser)
    parser.add_argument("--out", metavar="FILE", type=Path, default=BUILD / "report" / "index.html",
                        help="the page (default build/report/index.html)")


def _of_cpu(data, seen) -> list:
    """[(stage, what seen(side, its CPU profile) gives)], where it gives something."""
    found = [(stage, seen(side, data.captures[side, "cpu"]))
             for side, stage in data.stages().items() if (side, "cpu") in data.captures]
    return [(stage, each) for stage, each in found if each]


def _graph(side, capture):
    label = f"Call graph of {capture.stage}'s CPU time. {profile_view.shares(capture, 'cpu')}"
    return callgraph.draw(capture, "cpu", f"graph-{side}", label)


def _sites(data, profiles):
    """What `make alloc-sites` wrote: [(stage, text)]."""
    paths = [(stage, profiles / stage / "alloc-sites.txt") for stage in data.stages().values()]
    return [(stage, path.read_text(encoding="utf-8").strip())
            for stage, path in paths if path.is_file()]


def _fields(data, options, notice):
    """What the templates name."""
    made = f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC"
    return {
        "data": data, "notice": notice, "commands": sources.commands(data), "labs": sources.LABS,
        "lessons": sources.lessons(options.out),
        "facts": [*sources.facts(data), ("Page made", made)],
        "headline": service_view.headline(data), "tiles": service_view.tiles(data),
        "findings": findings.judge(data), "service": service_view.table(data),
        "service_findings": service_view.finding(data),
        "throughput": charts.throughput(data), "latency": charts.latency(data),
        "benchmarks": benchmark_view.tables(data),
        "benchmark_finding": benchmark_view.finding(data), "rule": benchmark_view.rule(data),
        "cpu": profile_view.components(data, "cpu", "cpu", "ns"),
        "cpu_flame": profile_view.flame(data, "cpu", "cpu", "CPU time"),
        "graphs": _of_cpu(data, _graph), "graphviz": shutil.which("dot"), "listings": _of_cpu(
            data, lambda _, cpu: callgraph.annotated_source(cpu, "service::leftpad$")),
        "sites": _sites(data, options.profiles),
        "allocations": profile_view.functions(data, "allocs", "alloc_objects", ""),
        "alloc_parts": profile_view.components(data, "allocs", "alloc_objects", ""),
        "alloc_flame": profile_view.flame(data, "allocs", "alloc_objects", "Allocated objects"),
        "heap": profile_view.places(data, "heap", "inuse_space", "B"),
        "locks": profile_view.functions(data, "mutex", "delay", "ns"),
        "lock_finding": profile_view.lock_finding(data),
        "threads": profile_view.places(data, "threads", "threads", ""),
    }


def _page(content):
    """Templates, style, scripts and data, in one file that works offline."""
    style = [asset("theme.css"), asset("flame.css"),
             *(asset(name, HERE) for name in ("page.css", "tables.css", "print.css"))]
    return environment(HERE / "templates").get_template("page.html.j2").render(
        **content, sections=SECTIONS, style=Markup("").join(style),
        script=Markup("\n").join([asset("flame.js"), asset("page.js", HERE)]))


def run(options: Options) -> None:
    inputs.check(options)
    console.step("Writing the report")
    write(options)
    console.result_at(options.out)
    console.next_command(f"xdg-open {relative(options.out)}")


def write(options: Options, notice: str = "") -> None:
    """The page of what there is; warns of what is not."""
    data = inputs.read(options.compare, options.profiles, options.old, options.new)
    content = _fields(data, options, notice)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(_page(content), encoding="utf-8")
    for each in content["findings"]:
        if not each.measured:
            console.warn(f"not measured: {each.name}. Run: {each.command}")
