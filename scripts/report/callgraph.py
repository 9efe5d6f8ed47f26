"""Call graphs and annotated source from pprof. Runs pprof, which runs Graphviz's dot."""
import re
import xml.etree.ElementTree as xml

from markupsafe import Markup

from base import children
from base.paths import PPROF, ROOT
from report.inputs import Capture

_SVG = "http://www.w3.org/2000/svg"
_PAIR = re.compile(r"(-?[\d.]+),(-?[\d.]+)")
_TITLE = "{http://www.w3.org/1999/xlink}title"
# From the request handler down, without a box for every label of every sample.
OPTIONS = ("-svg", "-nodecount=30", "-show_from=timed_handler", "-taghide=.*")


def draw(capture: Capture, value: str, name: str, label: str) -> Markup | None:
    """The call graph as an inline SVG element; None if pprof or dot cannot, or there is nothing to
    draw."""
    done = children.run([PPROF, *OPTIONS, f"-sample_index={value}", "-output=/dev/stdout",
                         capture.path])
    _, start, rest = done.stdout.partition("<svg")
    return clean(start + rest, name, label) if start and not done.status else None


def clean(text: str, name: str, label: str) -> Markup | None:
    """pprof's SVG for use inside a page: no script, no background, ids of its own, sized to the
    graph; None for one without a box, such as that of a profile whose samples are all elsewhere."""
    xml.register_namespace("", _SVG)
    root = xml.fromstring(text)
    graph = next(node for node in root.iter() if node.get("id") == "graph0")
    graph.remove(next(child for child in graph if child.tag.endswith("polygon")))  # the sheet
    for parent in list(graph.iter()):
        for child in list(parent):
            # The first cluster and node are pprof's legend; the page says the same.
            title = child.findtext(f"{{{_SVG}}}title") or ""
            if child.tag.endswith("}g") and title.startswith(("File:", "cluster_L")):
                parent.remove(child)
    if not (extent := _extent(graph)):
        return None
    left, top, width, height = extent
    _unlink(graph)
    graph.set("transform", f"translate({-left:.0f} {-top:.0f})")
    svg = xml.Element(f"{{{_SVG}}}svg", {
        "viewBox": f"0 0 {width:.0f} {height:.0f}", "width": f"{width:.0f}",
        "height": f"{height:.0f}", "role": "img", "aria-label": label})
    for node in graph.iter():
        if node.get("id"):
            node.set("id", f"{name}-{node.get('id')}")
    svg.append(graph)
    return Markup(xml.tostring(svg, encoding="unicode"))


def _extent(graph):
    """(left, top, width, height) that boxes and arrows cover, with a margin; None without any."""
    pairs = [pair for node in graph.iter()
             for pair in _PAIR.findall(node.get("points", "") + " " + node.get("d", ""))
             if node.get("stroke") != "none" and "cluster" not in (node.get("class") or "")]
    if not pairs:
        return None
    across, down = zip(*((float(x), float(y)) for x, y in pairs))
    return (min(across) - 12, min(down) - 12, max(across) - min(across) + 72,
            max(down) - min(down) + 24)


def _unlink(graph):
    """Links that lead nowhere become groups; their titles stay as tooltips."""
    for node in graph.iter():
        if node.tag == f"{{{_SVG}}}a":
            node.tag = f"{{{_SVG}}}g"
            title = node.attrib.pop(_TITLE, None)
            if title:
                xml.SubElement(node, f"{{{_SVG}}}title").text = title


def annotated_source(capture: Capture, function: str) -> str:
    """pprof's -list of a function, with paths as in the repository; "" if it has none."""
    done = children.run([PPROF, f"-list={function}", capture.path])
    _, found, rest = done.stdout.partition("ROUTINE")
    text = (found + rest).replace(f"{ROOT}/", "")
    return "" if done.status else re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).strip()
