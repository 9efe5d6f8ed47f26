"""Tables and bars of the profiles: by component, allocations by function, locks, heap, threads. Pure functions."""
from report import attribution, numbers

ORDER = (*attribution.CULPRITS, "handlers")
ROWS = 14


def _order(name):
    place = {**{known: i for i, known in enumerate(ORDER)}, attribution.SERVER: len(ORDER) + 1}
    return place.get(name, len(ORDER)), name


def _divisors(pair):
    """(divisors, per request): by requests if both captures counted them, else by their own total."""
    if all(capture.requests for capture in pair):
        return [capture.requests for capture in pair], True
    return [1.0, 1.0], False


def components(data, kind, value, unit):
    """Stacked bars of both stages: {rows, sides, per_request, finding}; None without both profiles."""
    pair = data.pair(kind)
    if not pair:
        return None
    divisors, per_request = _divisors(pair)
    totals = [{
        name: total / divisor for name, total in attribution.by_component(capture, value).items()
    } for capture, divisor in zip(pair, divisors)]
    names = sorted({*totals[0], *totals[1]}, key=_order)
    longest = max(sum(each.values()) for each in totals) or 1
    sides = []
    for side, stage, each in zip(("old", "new"), (data.old, data.new), totals):
        everything = sum(each.values())
        sides.append({
            "side": side, "stage": stage, "total": numbers.amount(everything, unit), "parts": [{
                "key": _key(name), "name": _label(name), "width": 100 * each[name] / longest,
                "share": numbers.share(each[name], everything)
            } for name in names if each.get(name)]
        })
    rows = [{
        "key": _key(name), "name": _label(name),
        "old": numbers.amount(totals[0].get(name, 0),
                              unit), "new": numbers.amount(totals[1].get(name, 0), unit),
        "change": numbers.change(totals[0].get(name, 0), totals[1].get(name, 0))
    } for name in names]
    culprits = [sum(each.get(name, 0) for name in attribution.CULPRITS) for each in totals]
    return {
        "rows": rows, "sides": sides, "per_request": per_request,
        "shares": [numbers.share(part, sum(each.values())) for part, each in zip(culprits, totals)],
        "totals": [side["total"] for side in sides],
        "culprits": [numbers.amount(part, unit)
                     for part in culprits], "change": numbers.change(sum(totals[0].values()),
                                                                     sum(totals[1].values()))
    }


def _key(name):
    return name if name in attribution.LABELS else "other"


def _label(name):
    return attribution.LABELS.get(name, name)


def functions(data, kind, value, unit):
    """The functions that lead by a value in either stage, largest first: {rows, per_request, more}."""
    pair = data.pair(kind)
    if not pair:
        return None
    divisors, per_request = _divisors(pair)
    totals = [{
        key: total / divisor for key, total in attribution.by_function(capture, value).items()
    } for capture, divisor in zip(pair, divisors)]
    keys = sorted({*totals[0], *totals[1]}, key=lambda key:
                  (-max(each.get(key, 0) for each in totals), key))
    keys = [key for key in keys if any(each.get(key) for each in totals)]
    longest = max((max(each.values(), default=0) for each in totals), default=0) or 1
    rows = []
    for key in keys[:ROWS]:
        old, new = (each.get(key, 0) for each in totals)
        rows.append({
            "key": _key(key[0]), "component": _label(key[0]),
            "name": key[1].removeprefix("service::"), "old": numbers.amount(old, unit),
            "new": numbers.amount(new, unit), "old_width": 100 * old / longest,
            "new_width": 100 * new / longest, "change": numbers.change(old, new)
        })
    return {
        "rows": rows, "per_request": per_request, "more": max(0,
                                                              len(keys) - ROWS),
        "old": numbers.amount(sum(totals[0].values()),
                              unit), "new": numbers.amount(sum(totals[1].values()), unit)
    }


def _innermost(capture, value):
    """{innermost function of ours: value}, the server's included."""
    index, totals = capture.profile.index_of(value), {}
    for values, frames in capture.profile.samples:
        name = attribution.function(frames).removeprefix("service::")
        totals[name] = totals.get(name, 0) + values[index]
    return {name: total for name, total in totals.items() if total}


def places(data, kind, value, unit):
    """Like functions, but by innermost function and undivided: what is in use, where threads are."""
    pair = data.pair(kind)
    if not pair:
        return None
    old, new = (_innermost(capture, value) for capture in pair)
    names = sorted({*old, *new}, key=lambda name: (-max(old.get(name, 0), new.get(name, 0)), name))
    rows = [{
        "name": name, "old": numbers.amount(old.get(name, 0), unit),
        "new": numbers.amount(new.get(name, 0), unit)
    } for name in names[:ROWS]]
    return {
        "rows": rows, "old": numbers.amount(sum(old.values()), unit),
        "new": numbers.amount(sum(new.values()), unit)
    }


def lock_finding(data):
    """Who holds the locks that are waited for in the old stage, in a sentence."""
    pair = data.pair("mutex")
    totals = attribution.by_component(pair[0], "delay") if pair else {}
    if not sum(totals.values()):
        return ""
    leader = max(sorted(totals), key=totals.get)
    return f"In {data.old}, {_label(leader)} holds the lock in {numbers.share(totals[leader], sum(totals.values()))} of that time."
