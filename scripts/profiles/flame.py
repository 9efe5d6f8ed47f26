"""Makes flame graphs: folded stacks and one self-contained page, of one profile or of two compared.

`python3 -m profiles.flame --help` lists the options; profile.sh, profile_diff.sh and heaptrack.sh call it.
The page is page/flame.html with d3 and d3-flame-graph (build/tools/node_modules) and the data put in.
"""
import argparse
import html
import json
from pathlib import Path

from base import raw
from base.errors import Failure, main_of
from profiles import tree

PAGE = Path(__file__).absolute().parent / "page"
MODULES = tree.ROOT / "build" / "tools" / "node_modules"
LIBRARIES = ("d3/dist/d3.min.js", "d3-flame-graph/dist/d3-flamegraph.umd.min.js")


def read_profile(path, sample_index, stage=""):
    """(stacks {frames: value}, unit) of a `pprof -raw` text or of folded stacks (*.folded) of a stage."""
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    if path.endswith(".folded"):
        return tree.parse_folded(text, stage), "count"
    profile = raw.parse(text)
    index = profile.index_of(sample_index)
    return tree.stacks(profile, index), profile.types[index][1]


def library_scripts():
    parts = []
    for name in LIBRARIES:
        path = MODULES / name
        if not path.is_file():
            raise Failure(name, "this JavaScript library is missing from build/tools/node_modules",
                          "Run: make setup")
        parts.append(path.read_text(encoding="utf-8"))
    # A closing tag inside the code would end the script element.
    return "\n".join(parts).replace("</script", "<\\/script")


def page(data):
    """The HTML page for the data that flame.js documents."""
    table = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{own:.1%}</td><td>{total:.1%}</td></tr>"
        for name, own, total in tree.leaders(data["root"])
    )
    fields = {
        "TITLE": html.escape(data["title"]),
        "FINDING": html.escape(tree.finding(data)),
        "STYLE": (PAGE / "flame.css").read_text(encoding="utf-8"),
        "TABLE": table,
        "LIBRARIES": library_scripts(),
        "DATA": json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"),
        "SCRIPT": (PAGE / "flame.js").read_text(encoding="utf-8"),
    }
    # One pass over the template: nothing that is put in is searched for names again.
    first, *parts = (PAGE / "flame.html").read_text(encoding="utf-8").split("{{")
    for part in parts:
        name, _, text = part.partition("}}")
        first += fields[name] + text
    return first


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
    if not chosen.page:
        return
    scale = chosen.requests if all(chosen.requests) else []
    data = {
        "title": chosen.title, "unit": chosen.unit or unit,
        "names": chosen.names if old is not None else [], "perRequest": bool(scale),
        "root": tree.build(new, old, scale)
    }
    Path(chosen.page).write_text(page(data), encoding="utf-8")


if __name__ == "__main__":
    main_of(main)
