"""The list of labs with marks, a stage made again, and the watch."""
import contextlib
import io
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from base.errors import Failure
from labs import (building, catalog, commands, paths, practice, prediction, progress, running,
                  starters)


def said(call, *given) -> str:
    """What a call prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        call(*given)
    return out.getvalue()


class Practice(unittest.TestCase):
    def setUp(self):
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name, value in (("ROOT", self.root), ("BUILD", self.root / "build"),
                            ("PROGRESS", self.root / ".progress")):
            self.enterContext(mock.patch.object(paths, name, value))
        self.lab = catalog.find(1)
        self.stage = self.root / self.lab.stage

    def test_the_list_marks_what_is_solved_begun_and_untouched(self):
        self.assertRegex(said(practice.listing), r"\[ \]  1  (?s:.*)Next: +make lab N=1\n")
        self.stage.mkdir()
        self.assertRegex(said(practice.listing), r"\[~\]  1  (?s:.*)Next: +make grade LAB=1\n")
        progress.save(1, passed=True)
        self.assertRegex(said(practice.listing), r"\[x\]  1  (?s:.*)Next: +make lab N=2\n")
        for lab in catalog.all_labs():
            progress.save(lab.number, passed=True)
        self.assertIn("make submission", said(practice.listing))

    def test_reset_makes_the_stage_anew_and_keeps_what_was_there(self):
        shutil.copytree(Path(__file__).parents[3] / paths.BASE_STAGE, self.root / paths.BASE_STAGE)
        progress.save(1, guess=3, answer=985, passed=True)
        with mock.patch.object(building, "release"):
            said(commands.lab, 1, "")
            starter = (self.stage / "leftpad.cpp").read_text(encoding="utf-8")
            (self.stage / "leftpad.cpp").write_text("mine", encoding="utf-8")
            self.assertIn("stays as it is", said(commands.lab, 1, ""))
            self.assertEqual((self.stage / "leftpad.cpp").read_text(encoding="utf-8"), "mine")
            self.assertIn("What you had is in", said(commands.lab, 1, "", True))
        self.assertEqual((self.stage / "leftpad.cpp").read_text(encoding="utf-8"), starter)
        kept = self.root / "build" / "labs" / f"{self.lab.stage}.before"
        self.assertEqual((kept / "leftpad.cpp").read_text(encoding="utf-8"), "mine")
        self.assertEqual(progress.load(1)["guess"], 3)

    def test_where_the_lab_cannot_be_counted_its_stage_is_made_all_the_same(self):
        shutil.copytree(Path(__file__).parents[3] / paths.BASE_STAGE, self.root / paths.BASE_STAGE)
        for reason in (running.OwnFault("slow"), TimeoutError("slow"),
                       building.CompileError("slow")):
            with mock.patch.object(building, "release"), \
                    mock.patch.object(building, "libraries"), \
                    mock.patch.object(prediction, "measured_answer", side_effect=reason):
                self.assertRegex(said(commands.lab, 1, ""),
                                 "cannot be held against a count: slow(?s:.*)Next: +make run")

    def test_a_guess_that_is_no_number_is_refused_before_anything_is_made_or_put_away(self):
        self.stage.mkdir()
        with mock.patch.object(building, "release") as release, \
                self.assertRaisesRegex(Failure, "GUESS='abc': a guess is a number"):
            commands.lab(1, "abc", reset=True)
        release.assert_not_called()
        self.assertTrue(self.stage.is_dir())

    def test_an_interrupted_reset_loses_nothing(self):
        self.stage.mkdir()
        (self.stage / "leftpad.cpp").write_text("mine", encoding="utf-8")
        with mock.patch.object(starters, "copy_with", side_effect=KeyboardInterrupt), \
                contextlib.redirect_stdout(io.StringIO()), self.assertRaises(KeyboardInterrupt):
            commands.lab(1, "", True)
        kept = self.root / "build" / "labs" / f"{self.lab.stage}.before" / "leftpad.cpp"
        self.assertEqual(kept.read_text(encoding="utf-8"), "mine")

    def test_watch_grades_once_for_each_change_until_it_passes(self):
        self.stage.mkdir()
        graded = []

        def grade(number, _):
            graded.append(number)
            return int(len(graded) < 3)  # FAIL, FAIL, PASS

        def wait(_):
            self.assertLess(len(graded), 3)
            (self.stage / "editor.swp").write_text(str(len(graded)), encoding="utf-8")
            if waits.call_count % 2:
                return  # nothing that counts has changed
            (self.stage / "leftpad.cpp").write_text(str(len(graded)), encoding="utf-8")

        with mock.patch.object(commands, "grade", grade), \
                mock.patch.object(practice.time, "sleep", side_effect=wait) as waits:
            said(practice.watch, 1)
        self.assertEqual((graded, waits.call_count), ([1, 1, 1], 4))

    def test_watch_sees_whatever_a_stage_is_written_in(self):
        self.stage.mkdir()
        for name in ("x.cpp", "x.h", "x.hpp", "CMakeLists.txt", "answer.json"):
            before = practice._contents(self.stage)
            (self.stage / name).write_text("x", encoding="utf-8")
            self.assertNotEqual(practice._contents(self.stage), before, name)

    def test_watch_of_a_stage_that_is_not_there_says_how_to_make_it(self):
        with self.assertRaisesRegex(Failure, "Make it: make lab N=1"):
            practice.watch(1)

    def test_ctrl_c_ends_the_watch_and_what_it_runs_without_an_error(self):
        self.stage.mkdir()
        code = (
            "from pathlib import Path\nfrom base import children\n"
            "from labs import commands, paths\n"
            f"paths.ROOT = Path({str(self.root)!r})\n"
            "def grade(*_):\n    print('grading', flush=True)\n"
            "    children.run(['sleep', '600'])\n"
            "commands.grade = grade\nimport workshop; workshop.main_of(workshop.main)")
        with subprocess.Popen([sys.executable, "-c", code, "watch", "1"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as child:
            self.assertEqual(child.stdout.readline(), "grading\n")
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=60)
        self.assertEqual((child.returncode, out), (0, "\nWatching has ended.\n"))
        self.assertNotRegex(err, "error|Traceback")  # a warning, where there is no sandbox


if __name__ == "__main__":
    unittest.main()
