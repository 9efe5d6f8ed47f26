"""The learner's commands: hints, guesses, progress, exit codes, and how they end."""
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import workshop
from base.errors import Failure
from base.tests.fake_tree import eventually, has_ended
from labs import building, catalog, commands, grader, paths, prediction, progress, screen
from labs.grader import FAIL, INVALID, PASS, SKIPPED, Result


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

    def test_the_end_of_the_input_is_no_guess(self):
        terminal = mock.Mock(isatty=lambda: True)
        with mock.patch.object(screen.sys, "stdin", terminal), \
                mock.patch("builtins.input", side_effect=EOFError), \
                contextlib.redirect_stdout(io.StringIO()) as out:
            out.isatty = lambda: True
            self.assertIsNone(prediction.ask(catalog.find(1), ""))

    def test_a_guess_or_a_stage_for_all_labs_is_refused(self):
        for guess, stage in (("3", None), (None, "v3-mine")):
            with self.assertRaisesRegex(Failure, "one lab"):
                commands.grade(None, guess, stage)

    def graded(self, verdicts, number=None, stage=None):
        """Exit status and output of `grade` in a clone with the stages of labs 1 and 2 and
        v3-other; its root."""
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in (catalog.find(1).stage, catalog.find(2).stage, "v3-other", "labs"):
            (self.root / name).mkdir()
        results = ([Result(1, "x", verdict, 3, "<= 2", "do less")] for verdict in verdicts)
        with mock.patch.object(paths, "ROOT", self.root), \
                mock.patch.object(paths, "BUILD", self.root), \
                mock.patch.object(building, "libraries"), \
                mock.patch.object(grader, "grade", lambda *_: next(results)), \
                mock.patch.dict(os.environ, {"LABS_TIME": "0"}), \
                contextlib.redirect_stdout(io.StringIO()) as out:
            return commands.grade(number, "", stage), out.getvalue()

    def test_of_all_labs_a_failure_is_the_exit_status_whatever_the_others_are(self):
        for verdicts, status in (((SKIPPED, FAIL), 1), ((FAIL, INVALID), 1), ((PASS, SKIPPED), 3),
                                 ((PASS, PASS), 0)):
            self.assertEqual(self.graded(verdicts)[0], status, verdicts)

    def test_another_stage_is_judged_and_nothing_of_it_is_kept(self):
        progress.save(1, guess=3, answer=35)
        for verdict, status in ((PASS, 0), (FAIL, 1)):
            self.assertEqual(self.graded([FAIL], 1)[0], 1)
            kept = (self.root / "labs" / "lab01.json").read_text(encoding="utf-8")
            before = progress.load(1)
            result, said = self.graded([verdict], 1, "v3-other")
            self.assertEqual(result, status)
            self.assertRegex(said, f"Result: {verdict}  .of v3-other: not kept")
            self.assertEqual((list((self.root / "labs").iterdir()), progress.load(1)), ([], before))
            self.assertNotRegex(said, r"\b35\b")  # a seed may also have these digits
        self.assertIn("FAIL", kept)

    def test_the_labs_own_stage_may_be_named(self):
        stage = catalog.find(1).stage
        self.assertEqual(self.graded([PASS], 1, f"{stage}/")[0], 0)
        self.assertTrue(progress.load(1)["passed"])
        self.assertTrue((self.root / "labs" / "lab01.json").exists())
        with self.assertRaisesRegex(Failure, "a guess is about v3-lab01"):
            commands.grade(1, "3", "v3-other")

    def test_a_seed_in_other_digits_is_refused(self):
        for command in (("bug", ), ("grade", "1", "--seed"), ("submission", "x", "--seed")):
            for seed in ("²", "٣", "-1", "x", ""):
                module, options = workshop.parse(command[0], [*command[1:], seed])
                with self.subTest(command=command, seed=seed), \
                        mock.patch.object(building, "enter_sandbox"), \
                        self.assertRaisesRegex(Failure, "^SEED=.* a seed is a whole number"):
                    module.run(options)

    def test_damaged_progress_is_named(self):
        progress.save(1, guess=3)
        for text in ("", "[1]", '{"guess": ', "[" * 100_000):
            Path(paths.PROGRESS, "lab01.json").write_text(text, encoding="utf-8")
            with self.assertRaisesRegex(Failure, "lab01.json: it is not what"):
                progress.load(1)

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


class Words(unittest.TestCase):
    def test_the_numbers_of_a_prediction_are_written_as_people_do(self):
        self.assertEqual(screen.prediction("How many?", 3_000_000, 761_488),
                         "You guessed 3,000,000, it was 761,488: 3.94 times too high.")


class Endings(unittest.TestCase):
    """The commands as processes of their own."""

    def ends(self, *command, **extra):
        done = subprocess.run([paths.ROOT / "scripts/workshop", *command],
                              env={**os.environ,
                                   **extra}, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    def test_progress_that_cannot_be_written_is_told_in_one_line(self):
        status, said = self.ends("hint", "1", LABS_PROGRESS_DIR="/dev/null/x")
        self.assertEqual(status, 1)
        self.assertRegex(said, r"^error: /dev/null/x: [^\n]*\n$")

    def test_a_reader_that_went_away_ends_it_without_a_word(self):
        with subprocess.Popen([paths.ROOT / "scripts/workshop", "solution", "1"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            child.stdout.close()
            self.assertEqual((child.stderr.read(), child.wait(60)), ("", 141))

    def test_slices_that_cannot_be_replayed_are_told_in_one_line(self):
        of_x = '"iterations": {"old": {"X": 1}}, "pairs": '
        for text in ("", "{}", '{"iterations": {"old": {}}, "pairs": []}', f"{{{of_x}[]}}",
                     '{"iterations": {"old": [0]}, "pairs": [[]]}',
                     f'{{{of_x}[{{"X": {{"blocks": [[1, 1, 1, 1]]}}}}]}}', "[]", "[" * 100_000,
                     f"{{{of_x}5}}", *(f'{{{of_x}[{", ".join([pair] * 20)}]}}' for pair in (
                         '{"X": {"blocks": []}}', '{"X": {"blocks": [[1, 1]]}}',
                         '{"X": {"blocks": [[0, 1, 1, 1]]}}', '{"X": {"blocks": 5}}'))):
            with tempfile.TemporaryDirectory() as folder, self.subTest(text):
                file = Path(folder, "slices.json")
                file.write_text(text, encoding="utf-8")
                Path(folder, "procedure.json").write_text(json.dumps({
                    "clock": "cpu", "turns": "slices", "pairs": 5, "confidence_percent": 99,
                    "margin_percent": 0, "stop": "at the end"}), encoding="utf-8")
                status, said = self.ends("noise", folder, "--slices", str(file))
                self.assertEqual(status, 1)
                self.assertRegex(said, r"^error: --slices [^\n]*make compare[^\n]*\n$")

    def test_a_stage_that_is_not_there_or_has_no_procedure_is_told_without_paths(self):
        status, said = self.ends("noise", "v9-x")
        self.assertEqual(status, 1)
        self.assertEqual(said, "error: v9-x: this stage is not there. Make lab 13's: "
                               "make lab N=13\n")
        self.assertEqual(self.ends("noise", paths.BASE_STAGE)[1],
                         "error: v2-optimized: procedure.json: No such file or directory. "
                         "Fix the file, or start over: make lab N=13\n")

    def test_a_probe_that_hangs_outside_of_a_grading_is_told_in_one_line(self):
        code = (
            "import subprocess\nfrom unittest import mock\nfrom labs import commands\n"
            "commands.hint = mock.Mock(side_effect=subprocess.TimeoutExpired(['probe'], "
            "60))\nimport workshop; workshop.main_of(workshop.main)"
        )
        done = subprocess.run([sys.executable, "-c", code, "hint", "1"], capture_output=True,
                              text=True, check=False)
        self.assertRegex(done.stderr, r"^error: probe: it has to end within 60 s[^\n]*\n$")

    def test_a_signal_ends_the_service_and_then_the_command(self):
        """A service that never listens; the command is told to end as soon as it runs."""
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        program = folder / "service"
        program.write_text(
            f"#!/bin/sh\necho $$ > {folder}/pid.new; mv {folder}/pid.new {folder}/pid; exec sleep "
            f"60\n",
            encoding="utf-8")
        program.chmod(0o755)
        code = (
            f"from labs import commands, running\ndef hint(_):\n  with "
            f"running.Service({str(program)!r}): pass\n"
            "commands.hint = hint\nimport workshop; workshop.main_of(workshop.main)")
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            with subprocess.Popen([sys.executable, "-c", code, "hint", "1"]) as child:
                eventually((folder / "pid").exists)
                child.send_signal(number)
                self.assertEqual(child.wait(60), 128 + number)
            pid = (folder / "pid").read_text(encoding="utf-8").strip()
            (folder / "pid").unlink()
            self.assertTrue(has_ended(pid, 0), number)


if __name__ == "__main__":
    unittest.main()
