"""`make profile-diff`: two captures of the same kind compared, by pprof's -diff_base and as a
flame graph."""
import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

from base import console, raw, stages
from base.commandline import Options, Parser
from base.errors import Failure, UsageError
from base.frames import STAGE_FOLDER
from base.paths import PROFILES
from flame import stacks
from profiles import capture, kinds, pprof, profile, record, show


@dataclass
class Side:
    """One of the two captures, and what to call it. requests: served during the capture; 0 if
    nobody knows."""

    name: str
    file: Path
    profile: raw.Profile
    requests: int


def add_arguments(parser: Parser) -> None:
    parser.describe(
        """Prints what NEW has more (+) and less (-) than OLD; writes the call graph and the flame
        graph of the difference to build/profiles/diff/OLD/NEW/. A stage whose capture is missing
        or older than its program is captured first, with --seconds any stage. The flame graph
        counts per request, since the faster stage serves more of them.""",
        "make profile-diff OLD=v1-naive NEW=v2-optimized KIND=allocs")
    parser.add_argument("old", metavar="OLD", nargs="?", default="v1-naive",
                        help="a stage, or a capture FILE.pb.gz (default %(default)s)")
    parser.add_argument("new", metavar="NEW", nargs="?", default="v2-optimized",
                        help="another one (default %(default)s)")
    parser.add_argument("--kind", metavar="KIND", choices=kinds.PROFILES, default="cpu",
                        help=f"{', '.join(kinds.PROFILES)} (default %(default)s)")
    profile.add_seconds(parser, "that of profile")
    parser.add_argument("--out", metavar="DIR", type=Path,
                        help="where results go (default build/profiles/diff/OLD/NEW)")


def run(options: Options) -> None:
    profile.check_seconds(options)
    kind, command = kinds.PROFILES[options.kind], pprof.find()
    old, new = (_side(command, kind, given, options) for given in (options.old, options.new))
    if not old.profile.samples and not new.profile.samples:
        raise Failure(f"{kind.name} of both", f"the profiles are empty: {kind.empty}",
                      "Capture for longer: SECONDS=30")
    out = options.out or PROFILES / "diff" / old.name / new.name
    out.mkdir(parents=True, exist_ok=True)
    prefix = out / kind.name
    for ending in (".svg", ".folded", ".flame.html", ".top.txt"):
        show.beside(prefix, ending).unlink(missing_ok=True)
    console.step(f"Comparing {kind.name} ({kind.what}): {old.name}, then {new.name}")
    for side in (old, new):
        if not side.profile.samples:
            print(f"The profile of {side.name} is empty: {kind.empty}.")
    # No program is given: pprof would use it for both sides.
    chosen = [f"-sample_index={kind.index}", f"-diff_base={old.file}"]
    show.tables(command, chosen, new.file, prefix, STAGE_FOLDER, "a stage")
    requests = (old.requests, new.requests)
    if all(requests):
        print(f"Requests in the captures: {old.name} {old.requests}, {new.name} {new.requests}. "
              "The flame graph counts per request, pprof in all.")
    index = new.profile.index_of(kind.index)
    unit = kind.unit or new.profile.types[index][1]
    show.flame(prefix, f"{kind.what}: {old.name} against {new.name}", unit, *(
        stacks.of(side.profile, side.profile.index_of(kind.index)) for side in (new, old)),
        (old.name, new.name), requests)
    print()
    console.result_at(show.beside(prefix, ".flame.html"))
    console.also_at(show.beside(prefix, ".svg"), "call graph of the difference")
    console.next_command(console.quoted([*command, *chosen, "-http=127.0.0.1:8888", new.file]))


def _side(command, kind, given, options):
    """The Side of a stage, captured if need be, or of a file."""
    if given.endswith(".pb.gz"):
        file = Path(given)
        if not file.is_file():
            raise Failure(given, "there is no such file", f"Capture it: make profile-{kind.name}")
        name = file.name.removesuffix(".pb.gz")
        name = file.resolve().parent.name if name == kind.name else name
    else:
        program, file, name = stages.program(
            "leftpad", given), PROFILES / given / f"{kind.name}.pb.gz", given
        if (options.seconds or not file.exists() or
                file.stat().st_mtime <= program.stat().st_mtime):
            capture.needs()
            draw = profile.take(command, kind, given, options.seconds)
            with contextlib.redirect_stdout(io.StringIO()):
                draw()
    what = pprof.read(command, file)[1]
    if kind.index not in [name for name, _ in what.types]:
        raise UsageError(
            given, f"it holds no values of the kind {kind.name}: give its own with --kind",
            options.prog)
    return Side(name, file, what, record.requests(file))
