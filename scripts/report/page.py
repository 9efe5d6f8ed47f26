"""Puts the page together: templates, style, scripts and data, in one file that works offline."""
from pathlib import Path

from markupsafe import Markup

from flame.page import asset, environment

HERE = Path(__file__).absolute().parent
SECTIONS = (("service", "Service"), ("benchmarks", "Benchmarks"), ("cpu", "CPU"),
            ("allocations", "Allocations"), ("locks", "Locks"), ("threads", "Threads"),
            ("machine", "Measured on"))


def render(fields: dict) -> str:
    """The page. fields: what the templates name."""
    sheets = ("page.css", "tables.css", "print.css")
    style = [asset("theme.css"), asset("flame.css"), *(asset(name, HERE) for name in sheets)]
    script = [asset("flame.js"), asset("page.js", HERE)]
    return environment(HERE / "templates").get_template("page.html.j2").render(
        **fields, sections=SECTIONS, style=Markup("").join(style), script=Markup("\n").join(script))
