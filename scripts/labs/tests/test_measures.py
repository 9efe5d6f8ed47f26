"""What single labs measure: Amdahl's law, the replay of the noise lab, times that only inform."""
import itertools
import json
import math
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np

from scipy.stats import mannwhitneyu

from base import callgrind
from compare import slices
from labs import amdahl, building, catalog, noise, starters, timing


class Amdahl(unittest.TestCase):
    def judged(self, **answer):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        Path(folder, amdahl.ANSWER).write_text(json.dumps(answer), encoding="utf-8")
        programs = mock.Mock(return_value="own", stage_dir=folder)
        with mock.patch.object(amdahl, "reference", lambda: (7.0, 40.0, 1000.0, 8.0)), \
                mock.patch.object(amdahl, "executed", lambda _p, _f: 926.0):
            found = amdahl.measure(programs)
        return [
            name for name in ("answer_is_filled_in", "share_agrees", "times_faster_agrees",
                              "gain_follows", "repaired") if not found[name]
        ]

    def test_a_stage_is_measured_anew_each_time_and_the_lab_itself_once(self):
        counts = itertools.count(1000, 1000)
        with mock.patch.object(building, "program"), \
                mock.patch.object(callgrind, "of_a_request", lambda *_: next(counts)), \
                mock.patch.object(amdahl.running, "need"), mock.patch.object(starters, "starter"), \
                mock.patch.object(starters, "solution"):
            self.assertEqual(amdahl.reference(), amdahl.reference())
            self.assertNotEqual(amdahl.executed("own", "f"), amdahl.executed("own", "f"))

    def test_the_law_at_its_ends(self):
        self.assertAlmostEqual(amdahl.law(50, 2), 100 / 3)
        self.assertAlmostEqual(amdahl.law(3.5, 1e12), 3.627, places=3)
        self.assertEqual(amdahl.law(30, 1), 0)

    def test_an_honest_answer_agrees_and_each_wrong_number_is_named(self):
        self.assertEqual(self.judged(share_percent=3, times_faster=30, service_gain_percent=3), [])
        self.assertEqual(self.judged(share_percent=22, times_faster=36, service_gain_percent=27.2),
                         ["share_agrees"])
        self.assertEqual(self.judged(share_percent=3, times_faster=1000, service_gain_percent=3.1),
                         ["times_faster_agrees"])
        self.assertEqual(self.judged(share_percent=3, times_faster=36, service_gain_percent=36),
                         ["gain_follows"])

    def test_an_answer_that_is_none_fails_whatever_it_holds(self):
        for share in (None, "many", 0, 100, float("nan")):
            self.assertIn("answer_is_filled_in",
                          self.judged(share_percent=share, times_faster=36, service_gain_percent=3))
        self.assertIn("answer_is_filled_in", self.judged(share_percent=3))


class Noise(unittest.TestCase):
    team = noise.Procedure("real", "blocks", 30, 0.05, 0, "at the end")
    good = noise.Procedure("cpu", "alternating", 60, 0.05, 0, "at the end")

    def test_the_same_procedure_gets_the_same_figures(self):
        runs = noise.load()
        self.assertEqual(noise.found_percent(self.team, runs, 5),
                         noise.found_percent(self.team, runs, 5))

    def test_steady_runs_show_any_effect_and_no_other(self):
        steady = {"cpu": [100 + (7 * i % 11) / 100 for i in range(600)]}
        self.assertEqual(noise.found_percent(self.good, steady, 0), 0)
        self.assertEqual(noise.found_percent(self.good, steady, 3), 100)

    def test_p_is_that_of_the_textbook_beyond_the_margin(self):
        values = noise.load()["cpu"]
        old, new = values[:20], [value * 1.1 for value in values[20:40]]
        ours = noise.p_beyond(np.array([old]), np.array([new]), 2)[0]
        moved = [value * 1.02 for value in old]
        test = mannwhitneyu(moved, new, alternative="less", method="asymptotic")
        self.assertAlmostEqual(ours, 2 * test.pvalue, places=6)

    def test_a_procedure_with_a_wrong_field_is_refused_by_name(self):
        right = {
            "clock": "cpu", "order": "alternating", "pairs": 60, "p_below": 0.05,
            "margin_percent": 0, "stop": "at the end"
        }
        for name, value in (("clock", "wall"), ("pairs", 61), ("pairs", True), ("pairs", 2.5),
                            ("p_below", "0.05"), ("extra", 1)):
            with tempfile.TemporaryDirectory() as folder, self.subTest(name):
                Path(folder, noise.PROCEDURE).write_text(json.dumps({**right, name: value}),
                                                         encoding="utf-8")
                with self.assertRaisesRegex(noise.Unusable, name if name in right else "fields"):
                    noise.read(folder)
                self.assertEqual(noise.measure(folder), {"procedure_is_usable": 0})


class Times(unittest.TestCase):
    def test_what_is_not_decided_says_what_would_have_shown(self):
        noisy = [0.3 * (-1) ** n + n / 1000 for n in range(30)]
        self.assertRegex(timing.sentence(noisy, "X"), "^not decided: a change of X above .*%")

    def test_a_clear_gain_is_told_with_its_factor_and_interval(self):
        pairs = [-math.log(3) + (n % 7 - 3) / 100 for n in range(30)]
        self.assertRegex(timing.sentence(pairs, "X"), r"^faster: X is 3 times .*\[2\.9\d, 3\.0\d\]")
        self.assertIn("slower: X is 0.333 times", timing.sentence([-pair for pair in pairs], "X"))

    def test_a_benchmark_that_crashes_hangs_or_babbles_is_not_judged(self):
        for script in ("exit 3", "exec sleep 60", "echo no figures"):
            with tempfile.TemporaryDirectory() as folder, self.subTest(script), mock.patch.object(
                    slices, "LIMIT_SECONDS", 0.5):
                program = Path(folder, "bench")
                program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
                program.chmod(0o755)
                with mock.patch.object(building, "program", return_value=program):
                    said = timing.inform(catalog.find(1), lambda _: program)
                self.assertIn("not judged", said)

    def test_times_are_asked_for_where_there_is_an_operation(self):
        with mock.patch.dict(os.environ, {"LABS_TIME": ""}):
            self.assertTrue(timing.wanted(catalog.find(1)))
            self.assertFalse(timing.wanted(catalog.find(6)))
        with mock.patch.dict(os.environ, {"LABS_TIME": "0"}):
            self.assertFalse(timing.wanted(catalog.find(1)))


if __name__ == "__main__":
    unittest.main()
