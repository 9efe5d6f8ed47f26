"""`make alloc-sites`: the calls in a stage's optimized code that can allocate, by source line;
compares two stages."""
import contextlib
import io
import json
import linecache
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from base import console, stages, tools
from base.commandline import Options, Parser, add_stage
from base.errors import Failure, UsageError
from base.paths import BUILD, PROFILES, ROOT, relative
from flame import stacks
from profiles import objects
from profiles.alloc_rule import closure, kind_of_target


@dataclass
class Site:
    """Calls from one source line of a stage."""

    file: str
    line: int
    function: str
    source: str
    calls: Counter = field(default_factory=Counter)  # of (kind, callee)
    # Inlined functions between the line and the call, outermost first.
    stacks: set[str] = field(default_factory=set)

    @property
    def key(self) -> tuple[str, str, str]:
        """What pairs sites of two stages: not the line number, which any edit changes."""
        return self.file, self.function, self.source


def readable(name: str) -> str:
    """A demangled name as a person would write it: no parameters, template arguments or return
    type."""
    name = name.replace("std::__cxx11::", "std::").replace("(anonymous namespace)::", "")
    if re.match(r"(<lambda|operator\(\))", name):
        return "{lambda}"
    name = stacks.without_templates(name)
    name = re.sub(r"(?<!operator)\(.*", "", name).strip()
    name = re.sub(r"^.* (?=\S+$)", "", name) if "operator new" not in name else name
    return name.replace("basic_string::basic_string",
                        "string::string").replace("basic_string::", "string::")


def objects_of(stage: str) -> list[Path]:
    """The stage's object files. Raises Failure if there are none, or if one is out of date."""
    found = sorted((BUILD / stage / "CMakeFiles" / f"stage-{stage}.dir").glob("*.o"))
    if not found:
        raise Failure(f"build/{stage}", "it holds no object files of this stage", "Run: make build")
    for path in found:
        source = ROOT / stage / path.stem
        if source.is_file() and source.stat().st_mtime > path.stat().st_mtime:
            raise Failure(f"{stage}/{path.stem}", "it is newer than its object file",
                          "Run: make build")
    return found


def analyse(stage: str, files: list[Path]) -> tuple[list[Site], list[str]]:
    """(sites in order of file and line, readable names of the functions called that do not
    count)"""
    own = objects.calls(files)
    library = BUILD / "common" / "libcommon.a"
    others = objects.calls([library]) if library.is_file() else []
    names = objects.demangle(call.target for call in own + others)
    allocating = closure(own + others, names)
    kinds = {target: kind_of_target(name) or ("function" if target in allocating else None)
             for target, name in names.items()}
    candidates = [call for call in own if kinds[call.target]]
    objects.locate(candidates)
    # The stage's own functions: their lines are listed themselves.
    defined_here = {call.caller for call in candidates
                    if call.frames and f"/{stage}/" in call.frames[-1].file}
    sites = {}
    for call in candidates:
        place = next((i for i, frame in enumerate(call.frames) if f"/{stage}/" in frame.file), None)
        if place is None or call.target in defined_here:
            continue
        frame = call.frames[place]
        file = Path(frame.file).name
        site = sites.setdefault((file, frame.line), Site(
            file, frame.line, readable(frame.name),
            linecache.getline(frame.file, frame.line).strip()))
        entry = kinds[call.target], readable(names[call.target])
        site.calls[entry] += 1
        site.stacks.add(" > ".join(
            [*(readable(inlined.name) for inlined in call.frames[:place][::-1]), entry[1]]))
    quiet = sorted({readable(names[call.target]) for call in own if not kinds[call.target]})
    return [sites[key] for key in sorted(sites)], quiet


def _as_json(site):
    calls = [{"kind": kind, "callee": callee, "count": count}
             for (kind, callee), count in sorted(site.calls.items())]
    return {**vars(site), "calls": calls, "stacks": sorted(site.stacks)}


def _print_sites(sites, stacks):
    for site in sites:
        print(f"\n  {site.file}:{site.line}  in {site.function}\n      {site.source}")
        for (_, callee), count in sorted(site.calls.items(), key=lambda item: (-item[1], item[0])):
            print(f"        {count} x {callee}")
        for stack in sorted(site.stacks) if stacks else ():
            print(f"          {stack}")


KINDS = {
    "new": "operator new", "malloc": "malloc",
    "string": "growth of a string (only when it outgrows its memory)",
    "stream": "output to a stream", "function": "a function that allocates",
    "library": "the C++ library", "locale": "a locale", "thread": "a thread",
}


def _print_summary(stage, sites):
    kinds = Counter(kind for site in sites for kind, _ in site.calls.elements())
    print(f"{kinds.total():>5}  {stage}: calls that can allocate, on {len(sites)} lines")
    for kind, text in KINDS.items():
        if kind in kinds:
            print(f"{kinds[kind]:>9}  {text}")


def add_arguments(parser: Parser) -> None:
    parser.usage = "%(prog)s STAGE [NEW] [--stacks] [--others] [--out DIR]"
    parser.describe(
        """What Go's escape analysis (go build -gcflags=-m) tells, for C++: the calls in the stage's
        object files, as the optimizer left them, that can allocate. With two stages: what STAGE has
        and NEW has not, and the reverse.

        The rule. A call counts if it goes to
          - an allocator: operator new, operator new[], malloc, calloc, realloc, strdup, …;
          - a function of the C++ library that grows memory of its own, such as
            std::string::_M_append or the output operators of a stream (a string stream keeps its
            text on the heap);
          - a function in common/ or a template in the stage's object files that makes such a call
            itself.
        Calls between functions of the stage do not count: the callee's own lines are listed. Nor
        does what only happens when an exception is thrown. A call that can allocate need not: a
        short string has no memory on the heap. How often it does, only a profile tells:
        make profile-allocs.""",
        "make alloc-sites STAGE=v1-naive", "scripts/workshop alloc-sites v1-naive v2-optimized")
    add_stage(parser)
    parser.add_argument("new", metavar="NEW", nargs="?", help="a stage to compare with")
    parser.add_argument("--stacks", action="store_true",
                        help="under each line, the inlined functions that lead to the call")
    parser.add_argument("--others", action="store_true",
                        help="also the functions called that do not count, to check the rule")
    parser.add_argument("--out", metavar="DIR", type=Path, help=(
        "where results go (default build/profiles/STAGE, for two stages "
        "build/profiles/diff/STAGE/NEW)"))


def run(options: Options) -> None:
    if options.stage == options.new:
        raise UsageError(options.new, "a stage is compared with another one", options.prog)
    names = [options.stage] + ([options.new] if options.new else [])
    files = {stage: objects_of(stages.need(stage)) for stage in names}
    tools.need("objdump", "binutils")
    tools.need("eu-addr2line", "elfutils")
    for found in files.values():
        print(f"$ objdump -dr --no-show-raw-insn {relative(found[0].parent)}/*.o")
    print("$ eu-addr2line -afiC -j SECTION -e OBJECT ADDRESS…   (for each of them)", flush=True)
    results = {stage: analyse(stage, found) for stage, found in files.items()}
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        _tell(results, options)
    out = (options.out or (PROFILES.joinpath("diff", *names)
           if options.new else PROFILES / names[0])) / "alloc-sites.txt"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(said.getvalue(), encoding="utf-8")
    data = {stage: [_as_json(site) for site in sites] for stage, (sites, _) in results.items()}
    out.with_suffix(".json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    print(said.getvalue())
    console.result_at(out)
    console.next_command(
        f"make profile-diff OLD={names[0]} NEW={names[1]} KIND=allocs" if options.new else
        f"make profile-allocs STAGE={names[0]}")


def _tell(results, options):
    """The lists of one stage, or of what only one of two has."""
    for stage, (sites, _) in results.items():
        _print_summary(stage, sites)
    if options.new:
        for stage, other in (tuple(results), tuple(results)[::-1]):
            present = {site.key for site in results[other][0]}
            only = [site for site in results[stage][0] if site.key not in present]
            print(f"\nOnly in {stage}: {len(only)} lines")
            _print_sites(only, options.stacks)
    else:
        _print_sites(results[options.stage][0], options.stacks)
    for stage, (_, quiet) in results.items() if options.others else ():
        print(f"\nCalled in {stage}, and not counted:\n  " + "\n  ".join(quiet))
