"""The grader, tested as a product: what is INVALID, what is SKIPPED, and what never changes. No program is built."""
import contextlib
import io
import json
import os
import re
import tarfile
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from labs import bugs, catalog, commands, grader, mutations, paths, prediction, probes, progress, screen, submission, suite
from labs.errors import Failure
from labs.grader import FAIL, INVALID, PASS, SKIPPED, Result

HEADINGS = ("The symptom", "Predict", "Look", "Fix", "Check", "Hints", "What the other views show")


class FakeLab:
    number, title, data = 1, "A lab", {}

    def __init__(self, *budgets):
        self.budgets = budgets


class Forge:
    def build(self, _stage, kind):
        return kind


def graded(budgets, measure, failing=(), unavailable=None):
    def group(_programs):
        if unavailable:
            raise probes.Unavailable(unavailable)
        return measure()
    with mock.patch.object(suite, "contract", lambda _p: list(failing)), \
            mock.patch.object(suite, "over_http", lambda _p: []), \
            mock.patch.dict(probes.GROUPS, {"g": group}):
        return grader.Grader(Forge()).grade(FakeLab(*budgets), Path("stage"))


BUDGET = {"metric": "g:x", "max": 3, "next": "do less"}


class Verdicts(unittest.TestCase):
    def test_within_the_budget_passes(self):
        results = graded([BUDGET], lambda: {"x": 3})
        self.assertEqual(grader.verdict_of(results), PASS)

    def test_beyond_the_budget_fails_and_says_what_to_do(self):
        results = graded([BUDGET], lambda: {"x": 4})
        self.assertEqual((results[-1].status, results[-1].next), (FAIL, "do less"))
        self.assertEqual(grader.verdict_of(results), FAIL)

    def test_two_measurements_that_disagree_are_invalid_not_failed(self):
        values = iter((3, 4))
        results = graded([BUDGET], lambda: {"x": next(values)})
        self.assertEqual(grader.verdict_of(results), INVALID)

    def test_wrong_behaviour_fails_and_its_speed_is_not_judged(self):
        results = graded([BUDGET], lambda: {"x": 0}, failing=["Leftpad.Pads"])
        self.assertEqual([r.status for r in results], [FAIL, SKIPPED])
        self.assertIn("Leftpad.Pads", results[0].next)

    def test_a_missing_tool_skips_and_names_the_command_that_installs_it(self):
        results = graded([BUDGET], dict, unavailable="strace is not installed: apt-get install strace")
        self.assertEqual(grader.verdict_of(results), SKIPPED)
        self.assertIn("apt-get install strace", results[-1].next)

    def test_a_missing_tool_with_a_fallback_is_judged_by_the_fallback(self):
        with mock.patch.dict(probes.FALLBACKS, {"g": ("other", "y")}), \
                mock.patch.dict(probes.GROUPS, {"other": lambda _p: {"y": 1}}):
            results = graded([BUDGET], dict, unavailable="no tool")
        self.assertEqual((results[-1].name, results[-1].status), ("y", FAIL))

    def test_a_service_that_breaks_off_fails(self):
        def broken():
            raise ConnectionError
        results = graded([BUDGET], broken)
        self.assertEqual((results[-1].status, results[-1].value), (FAIL, "absent"))

    def test_failure_beats_invalid_and_skipped_alone_is_no_pass(self):
        def of(*states):
            return grader.verdict_of([Result(1, "x", state) for state in states])
        self.assertEqual(of(PASS, INVALID, FAIL), FAIL)
        self.assertEqual(of(PASS, SKIPPED), PASS)
        self.assertEqual(grader.verdict_of([Result(0, "suite", PASS), Result(1, "x", SKIPPED)]), SKIPPED)


class Pages(unittest.TestCase):
    def test_every_lab_has_all_headings_hints_and_a_patch(self):
        for lab in catalog.all_labs():
            with self.subTest(lab.number):
                for heading in HEADINGS:
                    self.assertTrue(lab.section(heading))
                self.assertGreaterEqual(len(lab.hints()), 3)
                self.assertIn(f"{lab.data['minutes']} minutes.", lab.page.read_text(encoding="utf-8"))
                self.assertRegex(lab.stage, rf"^v3-lab{lab.number:02}-[a-z0-9-]+$")
                self.assertGreaterEqual(len(lab.decoys), 2)
                for budget in lab.budgets:
                    self.assertIn(budget["metric"].split(":")[0], probes.GROUPS)

    def test_an_unknown_lab_is_refused_with_the_list(self):
        with self.assertRaisesRegex(Failure, "lab '99': there are 1,"):
            catalog.find(99)


class TeachersKit(unittest.TestCase):
    text = (paths.ROOT / "docs" / "instructor.md").read_text(encoding="utf-8")

    def test_minutes_of_the_plans_are_those_of_the_pages_and_add_up(self):
        plans = re.findall(r"\| step \| minutes \|\n\| --- \| --- \|\n(.*?)\| \*\*Sum\*\* \| \*\*(\d+)\*\* \|", self.text, re.S)
        self.assertEqual(len(plans), 3)
        for rows, total in plans:
            minutes = 0
            for name, spent in re.findall(r"^\| (.*?) \| (\d+) \|$", rows, re.M):
                minutes += int(spent)
                if found := re.fullmatch(r"Lab (\d+)", name):
                    self.assertEqual(int(spent), catalog.find(found[1]).data["minutes"], name)
            self.assertEqual(minutes, int(total))

    def test_every_lab_has_advice_an_answer_and_a_line_in_the_list(self):
        answers = (paths.ROOT / "docs" / "instructor-answers.md").read_text(encoding="utf-8")
        index = (paths.LABS / "README.md").read_text(encoding="utf-8")
        for lab in catalog.all_labs():
            self.assertRegex(self.text, rf"\*\*Lab {lab.number}\.\*\*")
            self.assertRegex(answers, rf"(?m)^\| {lab.number} \|")
            self.assertIn(f"| {lab.number} | [{lab.title}]({lab.folder.name}/README.md) | {lab.data['minutes']} |", index)


class Bugs(unittest.TestCase):
    def test_every_bug_fits_into_v2_once(self):
        for mutation in mutations.MUTATIONS:
            with self.subTest(mutation[1]), bugs.directory_with(mutation):
                pass

    def test_there_are_enough_and_seeds_reach_them_all(self):
        self.assertGreaterEqual(len(mutations.MUTATIONS), 20)
        self.assertGreaterEqual(len({mutation[0] for mutation in mutations.MUTATIONS}), 6)
        reached = {bugs.chosen(seed)[1] for seed in range(len(mutations.MUTATIONS))}
        self.assertEqual(len(reached), len(mutations.MUTATIONS))


class Bundles(unittest.TestCase):
    def test_a_bundle_that_reaches_outside_is_refused(self):
        for name in ("../x.cpp", "/etc/passwd", "a/b/c.cpp"):
            with tempfile.TemporaryDirectory() as folder, self.subTest(name):
                bundle = Path(folder, "bundle.tar.gz")
                with tarfile.open(bundle, "w:gz") as tar:
                    member = tarfile.TarInfo(name)
                    tar.addfile(member, io.BytesIO(b""))
                with mock.patch.object(submission.forge, "programs_of_base"), self.assertRaises(Failure):
                    submission.regrade(bundle)


class Learner(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(mock.patch.object(paths, "PROGRESS", Path(folder, ".progress")))

    def test_hints_come_one_at_a_time_and_the_last_one_stays(self):
        hints = catalog.find(1).hints()
        for wanted in [*range(1, len(hints) + 1), len(hints)]:
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                commands.hint(1)
            self.assertIn(f"Hint {wanted} of {len(hints)}", out.getvalue())

    def test_the_first_guess_stays(self):
        lab = catalog.find(1)
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(prediction.ask(lab, "10"), 10)
            self.assertEqual(prediction.ask(lab, "35"), 10)

    def test_a_guess_that_is_no_number_is_refused(self):
        for text in ("many", "nan", "inf"):
            with self.assertRaises(Failure):
                prediction.ask(catalog.find(1), text)

    def test_calibration_counts_good_guesses(self):
        progress.save(1, guess=30, answer=35, graded=True)
        progress.save(6, guess=100, answer=945, graded=True)
        self.assertIn("1 of 2 within a factor of 2", prediction.calibration()[-1])

    def test_predictions_are_not_revealed_before_grading(self):
        progress.save(1, guess=30, answer=35)
        self.assertEqual(prediction.calibration(), [])

    def test_distance_has_a_direction(self):
        self.assertEqual(screen.distance(10, 5), "2 times too high")
        self.assertEqual(screen.distance(5, 10), "2 times too low")
        self.assertEqual(screen.distance(0, 0), "exact")


class Json(unittest.TestCase):
    def test_has_neither_times_nor_paths(self):
        text = json.dumps(grader.as_json(FakeLab(), graded([BUDGET], lambda: {"x": 3})))
        self.assertNotIn(str(paths.ROOT), text)
        self.assertNotRegex(text, "20[0-9][0-9]-")


if __name__ == "__main__":
    os.environ["NO_COLOR"] = "1"
    unittest.main()
