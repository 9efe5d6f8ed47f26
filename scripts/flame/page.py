"""The flame graph page of one profile or of two compared, and what the report shares with it.

A page is one file that works offline: templates, style, script and data put together.
"""
import json
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from flame import numbers, samples, tree
from flame.tree import Node

HERE = Path(__file__).absolute().parent
UNITS = {"nanoseconds": "ns", "bytes": "B", "count": ""}  # others are their own name


def environment(*folders) -> jinja2.Environment:
    """Templates of these folders and of the widget."""
    made = jinja2.Environment(loader=jinja2.FileSystemLoader([*folders, HERE / "templates"]),
                              autoescape=True, undefined=jinja2.StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True)
    made.filters["breakable"] = breakable
    made.filters["json"] = as_json
    made.globals["confidence"] = f"{samples.CONFIDENCE:.0%}"
    return made


def breakable(name: str) -> Markup:
    """A C++ name that may be broken after :: and _, where readers expect it."""
    return Markup(str(escape(name)).replace("::", "::<wbr>").replace("_", "_<wbr>"))


def as_json(value: object) -> Markup:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c"))


def asset(name: str, folder: Path = HERE) -> Markup:
    """The text of a style sheet or script of ours."""
    return Markup((Path(folder) / "assets" / name).read_text(encoding="utf-8"))


def widget(title: str, root: Node, unit: str, names: tuple = (), least: float = 0.0) -> dict:
    """What widget.html.j2 and flame.js read.

    unit: of the profile; names: (old, new) of a comparison; least: the part of the whole below
    which a frame is left out.
    """
    unit = UNITS.get(unit, unit)
    per_request = " per request" if root.new.requests != 1 else ""
    return {
        "title": title, "finding": tree.finding(root, names, unit),
        "least": numbers.share(least, 1) if least else "",
        "data": {"title": title, "unit": unit, "per": per_request, "names": list(names),
                 "labels": tree.LABELS, "root": tree.plain(root, least * root.most)},
    }


def render(graph: dict, root: Node) -> str:
    """The page of one widget, with the leading functions of the tree as a table."""
    table = [(name, *(numbers.share(part, 1) for part in parts))
             for name, *parts in tree.leaders(root)]
    return environment().get_template("page.html.j2").render(
        graph=graph, table=table, style=asset("theme.css") + asset("flame.css"),
        script=asset("flame.js"))
