"""Makes flame graphs: folded stacks and one self-contained page, of one profile or of two compared.

`python3 -m profiles.flame --help` lists the options; profile.sh, profile_diff.sh and heaptrack.sh
call it.
"""
import argparse
from pathlib import Path

from base import raw
from base.errors import Failure, main_of
from flame import page, tree
from flame.samples import Amount


def read_profile(path, sample_index, stage=""):
    """(stacks {frames: Amount}, unit) of a `pprof -raw` text or of folded stacks (*.folded) of a
    stage."""
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    if path.endswith(".folded"):
        counts = tree.parse_folded(text, stage)
        return {frames: Amount(count) for frames, count in counts.items()}, "count"
    profile = raw.parse(text)
    index = profile.index_of(sample_index)
    return tree.stacks(profile, index), profile.types[index][1]


def options(arguments):
    parser = argparse.ArgumentParser(prog="python3 -m profiles.flame", description=__doc__)
    parser.add_argument("profile", help="output of pprof -raw, or folded stacks (*.folded)")
    parser.add_argument("--stage", default="", help="the stage of folded stacks")
    parser.add_argument("--base", help="the profile to compare with (old)")
    parser.add_argument("--sample-index", default="", help="which value to draw (default: pprof's)")
    parser.add_argument("--title", default="Flame graph")
    parser.add_argument("--names", nargs=2, default=["old", "new"], metavar=("OLD", "NEW"))
    parser.add_argument(
        "--requests", nargs="+", type=float, default=[], metavar="N",
        help="requests served in the capture (old, then new): shows values per request")
    parser.add_argument("--unit", help="name of the unit (default: the profile's)")
    parser.add_argument("--folded", help="writes folded stacks here")
    parser.add_argument("--page", help="writes the page here")
    return parser.parse_args(arguments)


def main(arguments):
    chosen = options(arguments)
    new, unit = read_profile(chosen.profile, chosen.sample_index, chosen.stage)
    old = read_profile(chosen.base, chosen.sample_index)[0] if chosen.base else None
    if not new and not old:
        raise Failure(chosen.profile, "it has no samples", "Capture for longer, under load")
    if chosen.folded:
        Path(chosen.folded).write_text(tree.folded(new, old), encoding="utf-8")
    if chosen.page:
        names = chosen.names if old is not None else ()
        root = tree.build(new, old, chosen.requests if all(chosen.requests) else ())
        graph = page.widget(chosen.title, root, chosen.unit or unit, names)
        Path(chosen.page).write_text(page.render(graph, root), encoding="utf-8")


if __name__ == "__main__":
    main_of(main)
