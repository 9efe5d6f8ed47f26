"""The rule that decides which rows differ, on synthetic runs with known truth."""
import random
import unittest

from compare import stats

RUNS = 20
TIMED_ROWS = 9
SIMULATED_COMPARISONS = 25


def quiet(generator, _state):
    return generator.gauss(0, 0.03)


def drifting(generator, state):
    """A machine that slows down and recovers: each run resembles the one before."""
    state["level"] = 0.9 * state.get("level", 0.0) + generator.gauss(0, 0.1)
    return state["level"]


def bursts(generator, state):
    """A neighbour that comes and goes, and makes everything about half as slow again."""
    if generator.random() < 0.15:
        state["on"] = not state.get("on", False)
    return generator.gauss(0, 0.02) + (abs(generator.gauss(0.4, 0.2)) if state.get("on") else 0.0)


def outliers(generator, _state):
    """Mostly quiet, one run in ten up to eight times as slow."""
    return generator.gauss(0, 0.03) + (generator.uniform(0, 2) if generator.random() < 0.1 else 0.0)


def two_levels(generator, _state):
    """A layout of memory that is lucky in every second process."""
    return generator.choice((0.0, 0.15)) + generator.gauss(0, 0.01)


MACHINES = (quiet, drifting, bursts, outliers, two_levels)


def simulate(generator, noise, ratio, runs=RUNS, name="Leftpad50"):
    """A row measured in the order A B B A on a noisy machine; new is ratio times old."""
    sides, state = {"old": [], "new": []}, {}
    for pair in range(runs):
        for side in ("old", "new") if pair % 2 == 0 else ("new", "old"):
            value = 1000.0 * (ratio if side == "new" else 1.0)
            sides[side].append(value * 2.718281828 ** noise(generator, state))
    return stats.Row(name, "time", "ns/op", tuple(sides["old"]), tuple(sides["new"]))


class Judge(unittest.TestCase):
    def test_finds_no_difference_between_a_stage_and_itself(self):
        generator = random.Random(2024)
        for noise in MACHINES:
            for _ in range(SIMULATED_COMPARISONS):
                verdicts = stats.judge([simulate(generator, noise, 1.0) for _ in range(TIMED_ROWS)])
                self.assertEqual([v for v in verdicts if v.differs], [], noise.__name__)

    def test_finds_the_differences_of_the_article_on_any_machine(self):
        generator = random.Random(7)
        for noise in MACHINES:
            for runs in (16, RUNS):
                for ratio in (0.4, 2.5):
                    rows = [simulate(generator, noise, ratio, runs) for _ in range(TIMED_ROWS)]
                    for verdict in stats.judge(rows):
                        self.assertLess(verdict.p, 0.01, f"{noise.__name__}, {runs} runs")
                        self.assertTrue(verdict.differs)

    def test_finds_a_tenth_on_a_quiet_machine(self):
        generator = random.Random(3)
        self.assertTrue(
            all(v.differs
                for v in stats.judge([simulate(generator, quiet, 0.88) for _ in range(5)])))

    def test_does_not_report_less_than_the_noise_minimum(self):
        row = stats.Row("StatsD", "time", "ns/op", tuple(100.0 + i / 1000 for i in range(20)),
                        tuple(102.0 + i / 1000 for i in range(20)))
        self.assertFalse(stats.judge([row])[0].differs)

    def test_gives_the_same_answer_twice(self):
        row = simulate(random.Random(5), bursts, 0.8)
        self.assertEqual(stats.judge([row]), stats.judge([row]))


class ExactCounters(unittest.TestCase):
    def judge(self, old, new):
        return stats.judge([stats.Row("StatsD", "allocs", "allocs/op", old, new)])[0]

    def test_one_allocation_less_is_a_difference(self):
        verdict = self.judge((36.0,) * 10, (35.0,) * 10)
        self.assertTrue(verdict.exact and verdict.differs)
        self.assertAlmostEqual(verdict.delta, -1 / 36)

    def test_equal_counts_are_no_difference(self):
        verdict = self.judge((0.0,) * 10, (0.0,) * 10)
        self.assertFalse(verdict.differs)
        self.assertEqual(verdict.delta, 0.0)

    def test_growth_from_zero_has_no_percentage_but_is_a_difference(self):
        verdict = self.judge((0.0,) * 10, (2.0,) * 10)
        self.assertTrue(verdict.differs)
        self.assertIsNone(verdict.delta)

    def test_a_counter_that_wanders_is_judged_like_a_time(self):
        verdict = self.judge((5.0, 6.0) * 10, (6.0, 5.0) * 10)
        self.assertFalse(verdict.exact or verdict.differs)

    def test_a_counter_that_wanders_around_zero_is_no_difference(self):
        self.assertFalse(self.judge((0.0, 1.0) * 10, (1.0, 0.0) * 10).differs)


class Arithmetic(unittest.TestCase):
    def test_holm_multiplies_by_what_is_left_and_never_decreases(self):
        for got, wanted in zip(stats.holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]):
            self.assertAlmostEqual(got, wanted)

    def test_spread_is_half_the_interquartile_range(self):
        self.assertAlmostEqual(stats.spread((90.0, 95.0, 100.0, 105.0, 110.0)), 0.05)

    def test_geomean_leaves_out_rows_with_a_zero(self):
        rows = [stats.Row(str(i), "allocs", "allocs/op", (old,) * 2, (new,) * 2)
                for i, (old, new) in enumerate(((4.0, 1.0), (16.0, 4.0), (3.0, 0.0)))]
        old, new, delta, left_out = stats.geomean(stats.judge(rows))
        self.assertAlmostEqual(old, 8.0)
        self.assertAlmostEqual(new, 2.0)
        self.assertAlmostEqual(delta, -0.75)
        self.assertEqual(left_out, 1)


if __name__ == "__main__":
    unittest.main()
