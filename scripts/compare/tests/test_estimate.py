"""The judgement: what it reports of nothing, what it finds, and counters. Slices from noise models
and from this machine."""
import json
import math
import unittest

import numpy as np

import noise_models
from base.paths import ROOT
from compare import estimate, slices

ROWS = 5
ALPHA = (1 - estimate.CONFIDENCE) / ROWS
MARGIN = math.log1p(estimate.MARGIN)
RECORDED = ROOT / "docs/labs/13/slices-of-one-program.json"


def row(old, new, ratios=(), kind="counted"):
    return estimate.Row("X", "allocs", "allocs/op", tuple(old), tuple(new), tuple(ratios), kind)


def differs(ratios):
    others = [row([1], [1], [0.0], "measured")] * (ROWS - 1)
    return estimate.judge([row([1], [1], ratios, "measured"), *others])[0].differs


class Noise(unittest.TestCase):
    def reports(self, model, effect, comparisons=100, pairs=200):
        rng = np.random.default_rng(1)
        found = sum(differs(noise_models.ratios(rng, model, pairs, blocks=slices.BLOCKS,
                                                effect=effect))
                    for _ in range(comparisons))
        return found / comparisons

    def test_unchanged_code_is_reported_in_at_most_one_per_cent_of_comparisons(self):
        for name, model in noise_models.MODELS.items():
            # Each of five rows may err: a comparison errs five times as often as a row.
            self.assertLessEqual(ROWS * self.reports(model, 0.0), 0.01, name)

    def test_two_per_cent_is_found_whatever_the_noise_is_like(self):
        for name, model in noise_models.MODELS.items():
            least = {"every fourth": 0.1, "independent 10 %": 0.6}.get(name, 0.95)
            self.assertGreaterEqual(self.reports(model, 0.02, comparisons=40), least, name)

    def test_noise_in_step_with_a_block_deceives_no_fixed_order(self):
        rng = np.random.default_rng(2)
        estimates = [estimate.interval(ratios, ALPHA)[0] for ratios in (
            noise_models.ratios(rng, noise_models.every_fourth, 100, slices.BLOCKS)
            for _ in range(50))]
        self.assertLess(abs(np.mean(estimates)), 0.01)


class Replay(unittest.TestCase):
    """Process pairs of one and the same program, recorded on a busy machine."""

    @classmethod
    def setUpClass(cls):
        pairs = json.loads(RECORDED.read_text(encoding="utf-8"))["pairs"]
        cls.recorded = [
            estimate.process_ratio([(block[0], block[2]) for block in run["blocks"]])
            for pair in pairs for run in pair.values()]

    def windows(self, pairs=60, count=200):
        rng = np.random.default_rng(3)
        return (rng.choice(self.recorded, pairs, replace=False) for _ in range(count))

    def test_unchanged_code_is_not_reported(self):
        found = [differs(ratios) for ratios in self.windows()]
        self.assertLessEqual(ROWS * sum(found) / len(found), 0.01)

    def test_intervals_cover_the_truth(self):
        covered = [low - MARGIN <= 0 <= high + MARGIN for ratios in self.windows()
                   for _, low, high in [estimate.interval(ratios, ALPHA)]]
        self.assertGreaterEqual(sum(covered) / len(covered), 0.95)

    def test_two_per_cent_is_found(self):
        found = [differs(ratios + math.log1p(0.02)) for ratios in self.windows()]
        self.assertGreaterEqual(sum(found) / len(found), 0.8)


class Interval(unittest.TestCase):
    def test_agrees_with_the_textbook(self):
        # Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, example 3.3: -0.46 and
        # (-0.786, -0.010) at 96 %.
        x = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
        y = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
        middle, low, high = estimate.interval(np.array(y) - np.array(x), 0.04)
        self.assertAlmostEqual(middle, -0.46, 3)
        self.assertAlmostEqual(low, -0.786, 3)
        self.assertAlmostEqual(high, -0.010, 3)

    def test_too_few_values_have_no_interval(self):
        self.assertEqual(estimate.interval([0.1] * 5, 0.002)[1:], (None, None))

    def test_four_times_the_values_halve_the_interval(self):
        rng = np.random.default_rng(4)
        short, long = (np.mean([
            np.subtract(*estimate.interval(rng.normal(0, 0.01, n), ALPHA)[:0:-1]) for _ in range(40)
        ]) for n in (60, 240))
        self.assertAlmostEqual(long / short, 0.5, delta=0.05)

    def test_a_few_astray_pairs_do_not_drag_it_along(self):
        rng = np.random.default_rng(5)
        values = rng.normal(0, 0.003, 60)
        values[:6] += 3
        self.assertLess(estimate.interval(values, ALPHA)[2], 0.01)


class Counters(unittest.TestCase):
    def judge(self, old, new):
        return estimate.judge([row(old, new)])[0]

    def test_one_odd_run_does_not_hide_a_change_and_is_named(self):
        verdict = self.judge([35] * 16, [34] * 15 + [35])
        self.assertEqual((verdict.differs, verdict.exact, verdict.old, verdict.new),
                         (True, True, 35, 34))
        self.assertEqual(verdict.odd, ["1 of 16 processes of new had 35"])

    def test_fractions_count(self):
        verdict = self.judge([0.4] * 16, [0.2] * 16)
        self.assertTrue(verdict.differs)
        self.assertAlmostEqual(verdict.delta, -0.5)

    def test_from_zero_there_is_no_percentage(self):
        verdict = self.judge([0] * 16, [2] * 16)
        self.assertEqual((verdict.differs, verdict.delta), (True, None))

    def test_what_scatters_differs_if_no_process_of_one_side_reaches_the_other(self):
        verdict = self.judge([3002.03 + n / 1000 for n in range(16)], [0] * 16)
        self.assertEqual((verdict.differs, verdict.delta), (True, -1.0))
        self.assertEqual(verdict.odd, ["old: 3002.03 to 3002.045"])

    def test_what_scatters_from_zero_on_is_not_judged(self):
        verdict = self.judge([0, 1] * 8, [0, 1] * 8)
        self.assertEqual((verdict.differs, verdict.low), (False, None))

    def test_equal_counters_do_not_differ(self):
        self.assertFalse(self.judge([7] * 16, [7] * 16).differs)


if __name__ == "__main__":
    unittest.main()
