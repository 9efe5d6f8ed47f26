"""Tables, bars and flame graphs of the profiles: plain data for the templates. Pure functions."""
from dataclasses import replace

from flame import numbers, page, samples, stacks, tree
from flame.samples import Amount
from report import attribution
from report.inputs import Capture, Inputs

ORDER = (*attribution.CULPRITS, "handlers")
ROWS = 14
# A frame narrower than this part of the whole is not worth its bytes.
SMALLEST = 0.005


def _order(name):
    place = {**{known: i for i, known in enumerate(ORDER)}, attribution.SERVER: len(ORDER) + 1}
    return place.get(name, len(ORDER)), name


def _names(component):
    key = component if component in tree.LABELS else "other"
    return {"key": key, "component": attribution.label(component)}


def _requests(pair):
    """What to divide by: the requests, or 1 unless both captures counted them."""
    counts = [capture.requests for capture in pair]
    return counts if all(counts) else [1, 1]


def _figures(both, unit):
    return {side: numbers.amount(each, unit) for side, each in zip(("old", "new"), both)}


def _row(sums, totals, key, unit):
    old, new = (replace(side.get(key, Amount()), requests=total.requests)
                for side, total in zip(sums, totals))
    return {**_figures((old.each, new.each), unit),
            "change": samples.change(old, new), "widths": (old.each, new.each)}


def _sums(data, kind, value, key_of):
    """[{key: Amount}] and [total] of old and new; None without both profiles."""
    pair = data.pair(kind)
    if not pair:
        return None
    sums = [attribution.sums(capture, value, key_of) for capture in pair]
    return sums, [attribution.total(*each) for each in zip(sums, _requests(pair))]


def _totals(totals, unit):
    """What every table says of the whole."""
    return {"per_request": totals[0].requests != 1,
            **_figures([total.each for total in totals], unit),
            "change": samples.change(*totals),
            "samples": [numbers.plain(round(total.samples)) for total in totals]}


def components(data: Inputs, kind: str, value: str, unit: str) -> dict | None:
    """Stacked bars of both stages by component, and their table; None without both profiles."""
    found = _sums(data, kind, value, attribution.component)
    if not found:
        return None
    sums, totals = found
    names = sorted({*sums[0], *sums[1]}, key=_order)
    longest = max(total.each for total in totals) or 1
    sides, culprits = [], []
    for stage, side, total in zip((data.old, data.new), sums, totals):
        parts = [{**_names(name), "width": 100 * side[name].value / total.requests / longest,
                  "share": numbers.share(side[name].value, total.value)}
                 for name in names if name in side]
        sides.append({"stage": stage, "total": numbers.amount(total.each, unit), "parts": parts})
        culprit = attribution.total({name: each for name, each in side.items()
                                     if name in attribution.CULPRITS}, total.requests)
        culprits.append({"share": numbers.share(culprit.value, total.value),
                         "each": numbers.amount(culprit.each, unit)})
    return {**_totals(totals, unit), "sides": sides, "culprits": culprits,
            "rows": [{**_names(name), **_row(sums, totals, name, unit)} for name in names]}


def functions(data: Inputs, kind: str, value: str, unit: str) -> dict | None:
    """The functions that lead in either stage, largest first; None without both profiles."""
    found = _sums(data, kind, value, attribution.owner_and_function)
    if not found:
        return None
    sums, totals = found
    rows = [{**_names(key[0]), "name": key[1], **_row(sums, totals, key, unit)}
            for key in {**sums[0], **sums[1]}]
    rows.sort(key=lambda row: (-max(row["widths"]), row["name"]))
    longest = max((max(row["widths"]) for row in rows), default=0) or 1
    for row in rows:
        row["widths"] = [100 * width / longest for width in row["widths"]]
    return {**_totals(totals, unit), "rows": rows[:ROWS],
            "more": max(0, len(rows) - ROWS)}


def places(data: Inputs, kind: str, value: str, unit: str) -> dict | None:
    """By innermost function and undivided: what is in use, where threads are. A moment, so no
    change."""
    found = _sums(data, kind, value, attribution.function)
    if not found:
        return None
    sums, totals = found
    values = {name: [side[name].value if name in side else 0 for side in sums]
              for name in {*sums[0], *sums[1]}}
    ranked = sorted(values, key=lambda name: (-max(values[name]), name))[:ROWS]
    return {**_figures([total.value for total in totals], unit),
            "rows": [{"name": name, **_figures(values[name], unit)} for name in ranked]}


def lock_finding(data: Inputs) -> str:
    """Who holds the locks that are waited for in the old stage, in a sentence."""
    pair = data.pair("mutex")
    sums = attribution.sums(pair[0], "delay") if pair else {}
    if not sums:
        return ""
    leader = max(sorted(sums), key=lambda name: sums[name].value)
    share = numbers.share(sums[leader].value, attribution.total(sums).value)
    return f"In {data.old}, {attribution.label(leader)} holds the lock in {share} of that time."


def shares(capture: Capture, value: str) -> str:
    """Which components have most of a capture, in a sentence."""
    sums = attribution.sums(capture, value)
    whole = attribution.total(sums).value
    parts = [f"{attribution.label(name)} {numbers.share(sums[name].value, whole)}"
             for name in sorted(sums, key=lambda name: -sums[name].value)[:4]]
    return f"Shares: {', '.join(parts)}." if parts else "It has no samples."


def flame(data: Inputs, kind: str, value: str, title: str) -> dict | None:
    """The flame graph of both stages; None unless both profiles are there and have samples."""
    pair = data.pair(kind)
    if not pair:
        return None
    old, new = (capture.profile for capture in pair)
    index = old.index_of(value)
    unit = "objects" if value.endswith("objects") else old.types[index][1]
    both = [stacks.of(profile, profile.index_of(value)) for profile in (new, old)]
    if not all(both):
        return None
    root = tree.build(*both, _requests(pair))
    return page.widget(title, root, unit, (data.old, data.new), SMALLEST)
