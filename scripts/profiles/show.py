"""Shows profiles: the tables on the terminal, the call graph and the flame graph as files, what to
type next."""
from pathlib import Path

from base import console
from base.paths import relative
from base.raw import Profile
from flame import page, stacks, tree
from profiles import pprof, trace
from profiles.kinds import Kind

ENDINGS = (".pb.gz", ".json", ".svg", ".folded", ".flame.html", ".top.txt", ".about.json")


def beside(prefix: Path, ending: str) -> Path:
    """A result of a capture: its file PREFIX.ENDING."""
    return prefix.with_name(prefix.name + ending)


def tables(command: list, options: list, file: Path, prefix: Path, own: str, where: str) -> None:
    """pprof's top of a profile, also kept in PREFIX.top.txt; then only functions in source files
    that match `own`."""
    nodes = f"-nodecount={pprof.TOP_NODES}"
    table = pprof.show([*command, "-top", nodes, *options, file])
    beside(prefix, ".top.txt").write_text(table, encoding="utf-8")
    print(f"\nThe same, only functions written in {where}; what they call counts as theirs:")
    pprof.show([*command, "-top", f"-show={own}", nodes, *options, file], without_header=True)
    print(flush=True)
    pprof.draw([*command, "-svg", *options, f"-output={beside(prefix, '.svg')}", file])


def flame(prefix: Path, title: str, unit: str, new: dict, old: dict | None = None,
          names: tuple = (), requests: tuple = ()) -> None:
    """Writes stacks ({stack: Amount}, of two profiles if there is an old one) as folded text and
    as a page."""
    beside(prefix, ".folded").write_text(stacks.folded(new, old), encoding="utf-8")
    root = tree.build(new, old, requests if all(requests) else ())
    beside(prefix, ".flame.html").write_text(
        page.render(page.widget(title, root, unit, names), root), encoding="utf-8")


def profile(command: list, kind: Kind, stage: str, prefix: Path, what: Profile) -> None:
    """PREFIX.pb.gz, which holds `what` (raw.Profile)."""
    file = beside(prefix, ".pb.gz")
    if not what.samples:
        print(f"The profile is empty: {kind.empty}.")
        print(
            "Capture for longer or with more clients: "
            f"scripts/workshop profile {kind.name} {stage} --seconds 30 -c 32")
        console.result_at(file)
        return
    own = f"(common|{stage})" if kind.common else stage
    tables(command, [f"-sample_index={kind.index}"], file, prefix, f"/{own}/", f"{own}/")
    index = what.index_of(kind.index)
    flame(prefix, f"{stage}: {kind.what}",
          kind.unit or what.types[index][1], stacks.of(what, index))
    print()
    console.result_at(file)
    console.also_at(beside(prefix, ".svg"), "call graph")
    console.also_at(beside(prefix, ".flame.html"), "flame graph: open it in a browser")
    console.also_at(beside(prefix, ".folded"), "folded stacks")
    console.next_command(f"make profile-diff KIND={kind.name}")
    _hints(command, kind, stage, file)


def _hints(command, kind, stage, file):
    """The pprof commands that are worth typing for this kind."""
    tool, shown = console.quoted(command), relative(file)
    hints = [("-http=127.0.0.1:8888", "all views in the browser"), *kind.hints]
    # go tool pprof reads only Go's own programs. Without -show the other may look for the program
    # at the address of a library, and finds nothing: which one it takes is left to chance.
    if kind.name == "cpu" and command[0] != "go":
        hints.append(
            (f"-show=leftpad -disasm=leftpad $PWD/build/bin/leftpad-{stage}",
             "annotated instructions"))
    for options, what in hints:
        print(f"        {f'{tool} {options} {shown}':<78} # {what}")


def spans(file: Path, stage: str) -> None:
    """The longest spans of a trace, and how to see all of them."""
    trace.show(file)
    print()
    console.result_at(file)
    print("        Open it: https://ui.perfetto.dev (Open trace file) "
          "or https://www.speedscope.app;\n"
          "        both read it in the browser and send it nowhere.")
    console.next_command(f"make profile-wall STAGE={stage}")
