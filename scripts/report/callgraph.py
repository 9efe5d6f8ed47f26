"""Call graphs and annotated source from pprof. Runs pprof, which runs Graphviz's dot."""
import re
import subprocess
import xml.etree.ElementTree as xml

from markupsafe import Markup

from base.paths import PPROF, ROOT

NODES = 30
_SVG = "http://www.w3.org/2000/svg"
_PAIR = re.compile(r"(-?[\d.]+),(-?[\d.]+)")
_TITLE = "{http://www.w3.org/1999/xlink}title"


# From the request handler down, without a box for every label of every sample.
OPTIONS = ("-svg", f"-nodecount={NODES}", "-show_from=timed_handler", "-taghide=.*")


def draw(capture, value, name, label):
    """The call graph as an inline SVG element; None if pprof or dot cannot."""
    command = [PPROF, *OPTIONS, f"-sample_index={value}", "-output=/dev/stdout", capture.path]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    start = done.stdout.find("<svg")
    if done.returncode != 0 or start < 0:
        return None
    return clean(done.stdout[start:], name, label)


def clean(text, name, label):
    """pprof's SVG for use inside a page: no script, no background, ids of its own, sized to the
    graph."""
    xml.register_namespace("", _SVG)
    root = xml.fromstring(text)
    graph = next(node for node in root.iter() if node.get("id") == "graph0")
    box = _background(graph)
    for parent in list(graph.iter()):
        for child in list(parent):
            # The first cluster and node are pprof's legend; the page says the same.
            title = child.findtext(f"{{{_SVG}}}title") or ""
            if child.tag.endswith("}g") and title.startswith(("File:", "cluster_L")):
                parent.remove(child)
    box = _extent(graph) or box
    _unlink(graph)
    graph.set("transform", f"translate({-box[0]:.0f} {-box[1]:.0f})")
    size = box[2] - box[0], box[3] - box[1]
    svg = xml.Element(
        f"{{{_SVG}}}svg", {
            "viewBox": f"0 0 {size[0]:.0f} {size[1]:.0f}", "width": f"{size[0]:.0f}",
            "height": f"{size[1]:.0f}", "role": "img", "aria-label": label
        })
    for node in graph.iter():
        if node.get("id"):
            node.set("id", f"{name}-{node.get('id')}")
    svg.append(graph)
    return Markup(xml.tostring(svg, encoding="unicode"))


def _background(graph):
    """Removes the white sheet; returns its (left, top, right, bottom)."""
    sheet = next(child for child in graph if child.tag.endswith("polygon"))
    points = [tuple(map(float, point.split(","))) for point in sheet.get("points").split()]
    graph.remove(sheet)
    across, down = zip(*points)
    return min(across), min(down), max(across), max(down)


def _extent(graph):
    """What boxes and arrows cover, with a margin: less than the sheet once the legend is gone."""
    pairs = [
        pair for node in graph.iter()
        for pair in _PAIR.findall(node.get("points", "") + " " + node.get("d", ""))
        if node.get("stroke") != "none" and "cluster" not in (node.get("class") or "")
    ]
    if not pairs:
        return None
    across, down = zip(*((float(x), float(y)) for x, y in pairs))
    return min(across) - 12, min(down) - 12, max(across) + 60, max(down) + 12


def _unlink(graph):
    """Links that lead nowhere become groups; their titles stay as tooltips."""
    for node in graph.iter():
        if node.tag == f"{{{_SVG}}}a":
            node.tag = f"{{{_SVG}}}g"
            title = node.attrib.pop(_TITLE, None)
            if title:
                xml.SubElement(node, f"{{{_SVG}}}title").text = title


def annotated_source(capture, function):
    """pprof's -list of a function, with paths as in the repository; "" if it has none."""
    done = subprocess.run(
        [PPROF, f"-list={function}", str(capture.path)], capture_output=True, text=True,
        errors="replace", check=False)
    if done.returncode != 0 or "ROUTINE" not in done.stdout:
        return ""
    text = done.stdout[done.stdout.index("ROUTINE"):].replace(f"{ROOT}/", "")
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).strip()
