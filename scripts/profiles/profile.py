"""`make profile-*` and `make trace`: captures one profile of a stage under load, through HTTP, and
draws it."""
import json
import shutil
from pathlib import Path
from collections.abc import Callable

from base.commandline import Number, Options, Parser, add_load, add_stage
from base.errors import UsageError
from base.paths import PROFILES
from profiles import capture, kinds, pprof, record, show
from profiles.kinds import Kind

PASSES_ON = "after --"


def add_arguments(parser: Parser) -> None:
    if parser.command == "trace":
        parser.usage = "%(prog)s STAGE [--seconds N] [-c CLIENTS] [--out DIR] [-- SERVICE OPTION…]"
        parser.describe(
            """Captures what `profile` does not: a time line of requests and lock waits under load,
            for Perfetto.""",
            "make trace STAGE=v1-naive", "scripts/workshop trace v1-naive --seconds 1")
    else:
        parser.usage = ("%(prog)s KIND STAGE [--seconds N] [-c CLIENTS] [--out DIR] "
                        "[-- SERVICE OPTION…]")
        parser.describe(
            """Starts the service of the stage on free ports, loads it with ab, captures a profile
            from /debug/pprof/ and ends both. Prints pprof's top; writes the profile, its call
            graph and its flame graph to build/profiles/STAGE/. KIND is one of

            """ + "\n            ".join(f"  {kind.name:<9} {kind.help}" for kind in
                                        kinds.PROFILES.values()),
            "make profile-cpu STAGE=v1-naive SECONDS=5",
            "scripts/workshop profile cpu v1-naive --seconds 5")
        parser.add_argument("kind", metavar="KIND", choices=kinds.PROFILES, help="see above")
    add_stage(parser)
    add_seconds(parser, "1" if parser.command == "trace" else "10; heap 5, threads 1")
    add_load(parser)
    parser.add_argument("--out", metavar="DIR", type=Path,
                        help="where results go (default build/profiles/STAGE)")


def add_seconds(parser: Parser, default: str) -> None:
    """The option --seconds, with the words for its default."""
    parser.add_argument("--seconds", metavar="N", action=Number,
                        help=f"how long to capture (default {default})")


def check_seconds(options: Options) -> None:
    """Raises UsageError for more than the service takes."""
    if (options.seconds or 0) > kinds.MAX_SECONDS:
        raise UsageError(f"--seconds {options.seconds}",
                         f"the service captures for at most {kinds.MAX_SECONDS} seconds",
                         options.prog)


def run(options: Options) -> None:
    kind = kinds.TRACE if options.name == "trace" else kinds.PROFILES[options.kind]
    check_seconds(options)
    capture.needs()
    command = None if kind is kinds.TRACE else pprof.find()
    take(command, kind, options.stage, options.seconds,
         options.out, options.clients, options.rest)()


def take(command: list | None, kind: Kind, stage: str, seconds: int | None = None,
         out: Path | None = None, clients: int = 8, service_options: list | tuple = ()) -> Callable:
    """Captures into `out`, with the record beside; gives the function that shows it.

    What fails or is interrupted leaves the earlier capture as it is.
    """
    out = out or PROFILES / stage
    prefix = out / kind.name
    with capture.captured(kind, stage, seconds or kind.seconds, clients,
                          service_options) as (file, about, log):
        what = None
        if kind is not kinds.TRACE:
            text, what = pprof.read(command, file)
            about |= record.served(about, text, log) if kind.adds_up else {}
        out.mkdir(parents=True, exist_ok=True)
        for ending in show.ENDINGS:
            show.beside(prefix, ending).unlink(missing_ok=True)
        shutil.move(file, out / file.name)
    show.beside(prefix, ".about.json").write_text(
        json.dumps(about, indent=2) + "\n", encoding="utf-8")
    if what is None:
        return lambda: show.spans(out / file.name, stage)
    return lambda: show.profile(command, kind, stage, prefix, what)
