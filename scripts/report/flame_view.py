"""The data of a flame graph widget: both stages in one tree, so that flame.js can show either or the difference."""
from profiles import tree
from report import attribution, numbers

# A frame narrower than this part of the whole is not worth its bytes.
SMALLEST = 0.005


def _prune(node, least):
    node["c"] = [child for child in node["c"] if max(child["v"], child["o"]) >= least]
    for child in node["c"]:
        _prune(child, least)


def flame(data, kind, value, unit, title):
    """What flame.js documents; None unless both profiles are there and have samples."""
    pair = data.pair(kind)
    if not pair:
        return None
    old, new = (tree.stacks(capture.profile, capture.profile.index_of(value)) for capture in pair)
    if not old or not new:
        return None
    per_request = all(capture.requests for capture in pair)
    root = tree.build(new, old, [capture.requests for capture in pair] if per_request else [])
    _prune(root, SMALLEST * max(root["o"], root["v"]))
    return {
        "title": title, "unit": unit, "perRequest": per_request, "names": [data.old, data.new],
        "components": attribution.components_of_functions(pair), "labels": attribution.LABELS,
        "root": root
    }


def finding(flame_data):
    return tree.finding(flame_data) if flame_data else ""


def leader(capture, value):
    """Which component has most of a capture, in a sentence."""
    totals = attribution.by_component(capture, value)
    whole = sum(totals.values())
    if not whole:
        return "It has no samples."
    parts = sorted(totals, key=totals.get, reverse=True)[:4]
    shares = (f"{attribution.LABELS.get(name, name)} {numbers.share(totals[name], whole)}"
              for name in parts)
    return f"Shares: {', '.join(shares)}."
