"""Stacks as a tree for the flame graph page, and as folded text (one line a stack: `a;b;c 42`). Pure.

A node is {n: name, k: kind, v: value, c: children}, plus o: the old value when two profiles are compared.
Kinds: s the stage's own code, a the rest of the application, l a library, r the root.
"""
import re
from pathlib import Path

ROOT = Path(__file__).absolute().parents[2]
_STAGE = re.compile(r"/v\d[^/]*-[^/]*/[^/]+$")
_APPLICATION = re.compile(r"/common/[^/]+/|/common/[^/]+$")
LEADERS = 15


def kind_of(file):
    if _STAGE.search(file):
        return "s"
    return "a" if _APPLICATION.search(file) else "l"


def stacks(profile, index):
    """{((name, kind) from root to leaf): value} of the samples whose value is not 0."""
    merged = {}
    for values, frames in profile.samples:
        if values[index]:
            key = tuple((frame.name, kind_of(frame.file)) for frame in frames)
            merged[key] = merged.get(key, 0) + values[index]
    return merged


def parse_folded(text, stage=""):
    """Stacks of heaptrack_print -F: frames `name (file)`, the file without its folder."""
    own = {path.name for path in (ROOT / stage).iterdir()} if stage else set()
    merged = {}
    for line in text.splitlines():
        names, _, value = line.rpartition(" ")
        if names and value.isdigit():
            key = tuple(_folded_frame(name, own) for name in names.strip("; ").split(";"))
            merged[key] = merged.get(key, 0) + int(value)
    return merged


def _folded_frame(text, own):
    found = re.fullmatch(r"(.*) \(([^()]*)\)", text)
    name, file = (found[1], found[2]) if found else (text, "")
    if file in own:
        return name, "s"
    return name, "a" if re.match(r"(service|pprof)::", name) else "l"


def short(name):
    """A function's name without its parameters."""
    return re.sub(r"\((?!anonymous|\)).*", "", name) or name


def folded(new, old=None):
    """Folded stacks; with two profiles both values, as difffolded.pl of FlameGraph writes them."""
    lines = []
    for key in {**(old or {}), **new}:
        values = [new.get(key, 0)] if old is None else [old.get(key, 0), new.get(key, 0)]
        # A semicolon separates frames, so none may be inside a name.
        names = ";".join(name.replace(";", ":") for name, _ in key)
        lines.append(f"{names} {' '.join(map(str, values))}\n")
    return "".join(sorted(lines))


def build(new, old=None, requests=()):
    """The root node. With requests (old's, new's; or just new's) values are divided by them."""
    divisors = list(requests) or [1]
    root = _node("all", "r", old is not None)
    _add(root, new, "v", divisors[-1])
    if old is not None:
        _add(root, old, "o", divisors[0])
    _tidy(root)
    return root


def _node(name, kind, compared):
    return {"n": name, "k": kind, "v": 0, **({"o": 0} if compared else {}), "c": {}}


def _add(root, samples, field, divisor):
    for key, value in samples.items():
        value /= divisor
        node = root
        node[field] += value
        for name, kind in key:
            # A frame is the same function whatever stage it is of: then two stages line up.
            if name not in node["c"]:
                node["c"][name] = _node(name, kind, "o" in root)
            node = node["c"][name]
            node[field] += value


def _tidy(root):
    """Children as lists, largest first; six significant digits keep the page small."""
    pending = [root]
    while pending:
        node = pending.pop()
        node["c"] = sorted(node["c"].values(), key=lambda child:
                           (-max(child["v"], child.get("o", 0)), child["n"]))
        for field in ("v", "o"):
            if field in node:
                node[field] = float(f"{node[field]:.6g}")
        pending.extend(node["c"])


def leaders(root, count=LEADERS):
    """(name, own share, total share) of the functions that lead by own value: the page's table."""
    field = "v" if root["v"] else "o"
    own, total = {}, {}

    def visit(node, above):
        children = sum(child[field] for child in node["c"])
        if node["k"] != "r":
            own[node["n"]] = own.get(node["n"], 0) + node[field] - children
            if node["n"] not in above:  # recursion counts once
                total[node["n"]] = total.get(node["n"], 0) + node[field]
        for child in node["c"]:
            visit(child, above | {node["n"]})

    visit(root, frozenset())
    everything = root[field] or 1
    ranked = sorted(own, key=lambda name: (-own[name], name))[:count]
    return [(name, own[name] / everything, total[name] / everything) for name in ranked]


def finding(data):
    """One sentence for those who cannot see the picture."""
    root = data["root"]
    if data["names"]:
        old, new = data["names"]
        ratio = f"{root['v'] / root['o'] - 1:+.0%}" if root["o"] else "from nothing"
        return f"From {old} to {new} the total changes by {ratio}{' per request' if data['perRequest'] else ''}."
    name, own, _ = leaders(root)[0]
    stage = _leading(root, "s")
    rest = f" In the stage's own code {stage[0]} leads with {stage[1]:.0%}, callees included." if stage else ""
    return f"The largest share, {own:.0%}, is in {name} itself.{rest}"


def _leading(root, kind):
    """The function of a kind with most value in it and in its callees of other kinds."""
    share = {}

    def visit(node, owner):
        owner = node["n"] if node["k"] == kind else owner
        if owner:
            share[owner] = share.get(owner, 0) + node["v"] - sum(child["v"] for child in node["c"])
        for child in node["c"]:
            visit(child, owner)

    visit(root, None)
    if not share or not root["v"]:
        return None
    name = max(sorted(share), key=share.get)
    return name, share[name] / root["v"]
