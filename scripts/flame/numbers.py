"""Figures as text, three significant digits, with units people read. Pure functions."""
import math

_SCALES = {
    "ns": ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")),
    "ms": ((1e3, "s"), (1, "ms"), (1e-3, "µs")),
    "B": ((1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B")),
}
MINUS = "\u2212"
THIN = "\u202f"


def plain(value: float, counted: bool = True) -> str:
    """A figure without a unit: 5,904 or 1.42 or 0. counted: a whole number stays one, 53 and not
    53.0."""
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 100:
        # Halves away from 0, as flame.js rounds: one page must not say 310 and 311.
        text = f"{math.copysign(math.floor(size + 0.5), value):,.0f}"
    else:
        decimals = 1 if size >= 10 else 2 if size >= 0.1 else 3
        text = f"{value:.{decimals}f}"
        if counted and float(text) == round(float(text)) and size >= 1:
            text = f"{value:.0f}"
    return text.replace("-", MINUS)


def amount(value: float, unit: str = "") -> str:
    """A figure in the largest unit that leaves it at 1 or more: 32.8 µs."""
    scale = _SCALES.get(unit, ((1, unit),))
    size, name = next(((size, name) for size, name in scale if abs(value) >= size), scale[-1])
    if value == 0:
        size, name = 1, unit
    text = plain(value / size, counted=unit not in ("ns", "ms"))
    return f"{text}{THIN}{name}" if name else text


def percent(part: float, digits: int = 0) -> str:
    """A signed change without its unit: −96, +43; a digit more near nothing left, which is 100."""
    if math.isinf(part):
        return "∞"
    if 0.985 <= -part < 1:
        digits = max(digits, 1)
        part = -min(-part, 1 - 10.0 ** -(digits + 2))
    shown = f"{part * 100:+.{0 if part == -1 else digits}f}"
    return shown.replace("-", "+" if float(shown) == 0 else MINUS)


def estimate(part: float, low: float, high: float) -> str:
    """A change with its interval, as exact as that is narrow: −2.1 % [−2.8, −1.4]."""
    digits = 0 if high - low >= 0.05 else 1 if high - low >= 0.005 else 2
    middle, *ends = (percent(each, digits) for each in (part, low, high))
    return f"{middle}{THIN}% [{', '.join(ends)}]"


def change(old: float, new: float) -> str:
    """New against old in per cent: −96 %, +43 %; "new" where there was nothing before."""
    if old == new:
        return "0" + THIN + "%"
    return percent(new / old - 1) + THIN + "%" if old else "new"


def share(part: float, whole: float) -> str:
    """A part of the whole in per cent: 4.2 %, 43 %."""
    if not whole:
        return "0" + THIN + "%"
    value = 100 * part / whole
    return f"{value:.0f}{THIN}%" if value >= 9.95 or value == 0 else f"{value:.1f}{THIN}%"


def times(old: float, new: float) -> str:
    """How many times as much: 1.43×."""
    return f"{plain(new / old)}×" if old else "∞"
