"""Puts the page together: templates, style, scripts, libraries, data, all in one file.

The libraries are d3, d3-flame-graph and Observable Plot, installed by setup.sh. Without them the page has no
plots and no flame graphs, and says so; tables, bars and call graphs need no script.
"""
import json
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from report.inputs import ROOT

HERE = Path(__file__).absolute().parent
MODULES = ROOT / "build" / "tools" / "node_modules"
LIBRARIES = ("d3/dist/d3.min.js", "@observablehq/plot/dist/plot.umd.min.js",
             "d3-flame-graph/dist/d3-flamegraph.umd.min.js")
SECTIONS = (("service", "Service"), ("benchmarks", "Benchmarks"), ("cpu", "CPU"), ("allocations",
                                                                                   "Allocations"),
            ("locks", "Locks"), ("threads", "Threads"), ("machine", "Measured on"))


def _asset(name):
    return (HERE / "assets" / name).read_text(encoding="utf-8")


def style():
    """Light by default, dark if the system or the button says so."""
    dark = _asset("dark.css")
    colors = (
        f":root {{ {_asset('light.css')} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ {dark} }} }}\n"
        f":root[data-theme=dark] {{ {dark} }}\n@media print {{ :root:root {{ {_asset('light.css')} }} }}\n"
    )
    return Markup(colors + "".join(
        _asset(name) for name in ("page.css", "tables.css", "flame.css", "print.css")))


def missing_libraries(modules=MODULES):
    return [name for name in LIBRARIES if not (modules / name).is_file()]


def scripts(modules=MODULES):
    """The text of every script element, libraries first."""
    texts = [_asset("page.js")]
    if not missing_libraries(modules):
        texts = [(modules / name).read_text(encoding="utf-8") for name in LIBRARIES]
        texts += [_asset(name) for name in ("charts.js", "flame.js", "page.js")]
    # A closing tag inside the code would end the script element.
    return [Markup(text.replace("</script", "<\\/script")) for text in texts]


def as_json(value):
    """JSON that cannot end the script element it stands in."""
    return Markup(
        json.dumps(value, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c"))


def breakable(name):
    """A C++ name that may be broken after :: and _, where readers expect it."""
    return Markup(str(escape(name)).replace("::", "::<wbr>").replace("_", "_<wbr>"))


def render(fields, documents, modules=MODULES):
    """The page. fields: what the templates name; documents: {id: data for a script}."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE / "templates"),
                                     autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True)
    environment.filters["breakable"] = breakable
    return environment.get_template("page.html.j2").render(
        **fields, sections=SECTIONS, style=style(), scripts=scripts(modules),
        documents={name: as_json(value) for name, value in documents.items() if value})
