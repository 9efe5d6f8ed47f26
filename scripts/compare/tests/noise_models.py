"""Ten ways in which a machine is noisy, as factors on the times of slices, one after another. For
test_estimate.py.

Each takes a numpy generator and a count and returns ln(factor) for each slice; a slice of the
driver lasts 0.45 ms.
"""
import numpy as np


def independent(part):
    return lambda rng, count: rng.normal(0, part, count)


def two_levels(rng, count):
    """15 % apart; the level changes every 50 slices on the average."""
    return 0.14 * (np.cumsum(rng.random(count) < 1 / 50) % 2) + rng.normal(0, 0.03, count)


def drift(rng, count):
    return np.linspace(0, 0.26, count) + rng.normal(0, 0.03, count)


def autoregressive(rng, count):
    steps, values, last = rng.normal(0, 0.05, count), np.empty(count), 0.0
    for index, step in enumerate(steps):
        last = values[index] = 0.9 * last + step
    return values


def bursts(rng, count):
    """A neighbour that takes half of the processor, for 20 slices each time."""
    starts = rng.random(count) < 1 / 100
    busy = np.convolve(starts, np.ones(20))[:count] > 0
    return 0.7 * busy + rng.normal(0, 0.03, count)


def slow_spell(rng, count):
    start = rng.integers(0, count // 2)
    values = rng.normal(0, 0.03, count)
    values[start:start + count // 2] += 0.5
    return values


def heavy_tail(rng, count):
    return 0.03 * np.abs(rng.standard_t(2, count))


def every_fourth(rng, count):
    """In step with a block of four slices."""
    return 0.3 * (np.arange(count) % 4 == rng.integers(4)) + rng.normal(0, 0.03, count)


def outliers(rng, count):
    """One slice in ten takes up to seven times as long."""
    return np.where(rng.random(count) < 0.1, np.log(rng.uniform(1, 7, count)), 0) + rng.normal(
        0, 0.03, count)


MODELS = {
    "independent 3 %": independent(0.03), "independent 10 %": independent(0.1),
    "two levels": two_levels, "drift": drift, "autoregressive": autoregressive, "bursts": bursts,
    "slow spell": slow_spell, "heavy tail": heavy_tail, "every fourth": every_fourth,
    "outliers": outliers
}


def ratios(rng, model, pairs, blocks, effect=0.0, layout=0.01):
    """What process_ratio() would say of each pair of such slices; new is slower by `effect` (a part
    of 1).

    Each process has a layout in memory of its own, which makes it faster or slower by `layout`
    (standard deviation).
    """
    noise = model(rng, pairs * blocks * 4).reshape(pairs, blocks, 4)
    swapped = rng.random((pairs, blocks)) < 0.5  # B A A B
    outer, inner = (np.exp(noise[:, :, [0, 3]]).sum(axis=2), np.exp(noise[:, :,
                                                                          [1, 2]]).sum(axis=2))
    old, new = np.where(swapped, inner, outer), np.where(swapped, outer, inner)
    of_process = rng.normal(0, layout, (pairs, 2))
    return (np.median(np.log(new / old), axis=1) + np.log1p(effect) + of_process[:, 1]
            - of_process[:, 0])
