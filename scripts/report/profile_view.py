"""Tables, bars and flame graphs of the profiles: plain data for the templates. Pure functions."""
from flame import numbers, page, samples, tree
from flame.samples import Amount
from report import attribution

ORDER = (*attribution.CULPRITS, "handlers")
ROWS = 14
# A frame narrower than this part of the whole is not worth its bytes.
SMALLEST = 0.005


def _order(name):
    place = {**{known: i for i, known in enumerate(ORDER)}, attribution.SERVER: len(ORDER) + 1}
    return place.get(name, len(ORDER)), name


def _key(component):
    return component if component in tree.LABELS else "other"


def _requests(pair):
    """Both counts of requests, or none of them."""
    counts = [capture.requests for capture in pair]
    return counts if all(counts) else []


def _both(pair, value, sums_of):
    """[{key: Amount}] of old and new: per request if both captures counted them."""
    sums = [sums_of(capture, value) for capture in pair]
    if _requests(pair):
        return sums
    return [{key: Amount(each.value, each.samples) for key, each in side.items()} for side in sums]


def _row(key, both, unit):
    empty = (attribution.total(side) for side in both)
    old, new = (side.get(key, Amount(requests=nothing.requests))
                for side, nothing in zip(both, empty))
    return {"old": numbers.amount(old.each, unit), "new": numbers.amount(new.each, unit),
            "change": samples.change(old, new), "widths": (old.each, new.each)}


def _view(data, kind, value, unit, sums_of):
    """What every table has: the sums, the totals as text, how many samples there were."""
    pair = data.pair(kind)
    if not pair:
        return None
    both = _both(pair, value, sums_of)
    totals = [attribution.total(side) for side in both]
    old, new = (numbers.amount(total.each, unit) for total in totals)
    return {"both": both, "per_request": bool(_requests(pair)), "old": old, "new": new,
            "change": samples.change(*totals), "samples": [numbers.plain(round(total.samples)) for total in totals]}


def components(data, kind, value, unit):
    """Stacked bars of both stages by component, and their table; None without both profiles."""
    view = _view(data, kind, value, unit, attribution.by_component)
    if not view:
        return None
    both = view["both"]
    names = sorted({*both[0], *both[1]}, key=_order)
    wholes = [attribution.total(side) for side in both]
    longest = max(whole.each for whole in wholes) or 1
    sides = [{"stage": stage, "total": numbers.amount(whole.each, unit),
              "parts": [{"key": _key(name), "name": attribution.label(name), "width": 100 * side[name].each / longest,
                         "share": numbers.share(side[name].value, whole.value)} for name in names if name in side]}
             for stage, side, whole in zip((data.old, data.new), both, wholes)]
    culprits = [attribution.total({name: side[name]
                                  for name in attribution.CULPRITS if name in side}) for side in both]
    return {**view, "sides": sides,
            "rows": [{"key": _key(name), "name": attribution.label(name), **_row(name, both, unit)} for name in names],
            "shares": [numbers.share(part.value, whole.value) for part, whole in zip(culprits, wholes)],
            "culprits": [numbers.amount(part.each, unit) for part in culprits]}


def functions(data, kind, value, unit):
    """The functions that lead by a value in either stage, largest first; None without both profiles."""
    view = _view(data, kind, value, unit, attribution.by_function)
    if not view:
        return None
    rows = [{"key": _key(component), "component": attribution.label(component), "name": name,
             **_row((component, name), view["both"], unit)} for component, name in {**view["both"][0], **view["both"][1]}]
    rows.sort(key=lambda row: (-max(row["widths"]), row["name"]))
    longest = max((max(row["widths"]) for row in rows), default=0) or 1
    for row in rows:
        row["widths"] = [100 * width / longest for width in row["widths"]]
    return {**view, "rows": rows[:ROWS], "more": max(0, len(rows) - ROWS)}


def places(data, kind, value, unit):
    """By innermost function and undivided: what is in use, where threads are. A moment, so no change."""
    pair = data.pair(kind)
    if not pair:
        return None
    both = [{name: each.value for name, each in attribution.by_place(
        capture, value).items()} for capture in pair]
    names = sorted({*both[0], *both[1]}, key=lambda name: (-max(side.get(name, 0)
                   for side in both), name))
    old, new = (numbers.amount(sum(side.values()), unit) for side in both)
    return {"old": old, "new": new,
            "rows": [{"name": name, "old": numbers.amount(both[0].get(name, 0), unit),
                      "new": numbers.amount(both[1].get(name, 0), unit)} for name in names[:ROWS]]}


def lock_finding(data) -> str:
    """Who holds the locks that are waited for in the old stage, in a sentence."""
    pair = data.pair("mutex")
    sums = attribution.by_component(pair[0], "delay") if pair else {}
    if not sums:
        return ""
    leader = max(sorted(sums), key=lambda name: sums[name].value)
    share = numbers.share(sums[leader].value, attribution.total(sums).value)
    return f"In {data.old}, {attribution.label(leader)} holds the lock in {share} of that time."


def shares(capture, value) -> str:
    """Which components have most of a capture, in a sentence."""
    sums = attribution.by_component(capture, value)
    if not sums:
        return "It has no samples."
    whole = attribution.total(sums).value
    parts = sorted(sums, key=lambda name: -sums[name].value)[:4]
    return f"Shares: {', '.join(f'{attribution.label(name)} {numbers.share(sums[name].value, whole)}' for name in parts)}."


def flame(data, kind, value, title):
    """The flame graph of both stages; None unless both profiles are there and have samples."""
    pair = data.pair(kind)
    if not pair:
        return None
    index = pair[0].profile.index_of(value)
    old, new = (tree.stacks(capture.profile, capture.profile.index_of(value)) for capture in pair)
    if not old or not new:
        return None
    unit = pair[0].profile.types[index][1]
    root = tree.build(new, old, _requests(pair))
    return page.widget(title, root, "objects" if value.endswith(
        "objects") else unit, (data.old, data.new), SMALLEST)
