"""Diagnosis practice: the mutations, and how a repaired one is judged."""
import contextlib
import io
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from base.errors import Failure
from labs import bugs, building, mutations, paths, progress, suite


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

    def test_a_diff_shows_every_file_whatever_the_bug(self):
        base = paths.ROOT / paths.BASE_STAGE
        with bugs.directory_with(mutations.MUTATIONS[0]) as folder:
            done = subprocess.run(["diff", "-rq", base, folder], capture_output=True, text=True,
                                  check=False)
        sources = list(base.glob("*.cpp"))
        self.assertEqual(sum(f"{file.name} differ" in done.stdout for file in sources),
                         len(sources))

    def judged(self, contract=(), counters=None, view="", broken=""):
        """(exit status, what is printed) of `make bug` for a stage that is there. `broken`: the
        stage that does not compile."""
        root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        stage = root / "v3-bug-1"
        stage.mkdir()

        def program(folder, kind):
            if folder.name == broken:
                raise building.CompileError("x.cpp:1: error: x")
            return kind

        def tested(_program):
            program(root / paths.BASE_STAGE, "test")  # for the names of the tests
            return list(contract)

        def counted(folder):
            program(folder, "probe")
            return {"growth:x": 5, "operations:y": 2} if folder != stage else counters()
        with mock.patch.object(paths, "ROOT", root), mock.patch.object(paths, "BUILD", root), \
                mock.patch.object(paths, "PROGRESS", root / ".progress"), \
                mock.patch.object(building, "libraries") as libraries, \
                mock.patch.object(building, "program", program), \
                mock.patch.object(suite, "contract", tested), \
                mock.patch.object(bugs, "counted", counted), \
                contextlib.redirect_stdout(io.StringIO()) as out:
            status = bugs.bug(1, answer=False, view=view)
            self.noted = progress.load("bug-1")
        libraries.assert_called_once()
        return status, out.getvalue()

    def test_one_that_is_as_good_as_v2_passes(self):
        self.assertEqual(self.judged(counters=lambda: {"growth:x": 5, "operations:y": 2})[0], 0)

    def test_the_view_is_noted_with_the_verdict_asked_for_if_it_is_missing_and_known(self):
        def good():
            return {"growth:x": 5, "operations:y": 2}
        self.judged(counters=good, view="system calls")
        self.assertEqual(self.noted, {"passed": True, "view": "system calls"})
        self.assertIn("VIEW=", self.judged(counters=good)[1])
        with self.assertRaisesRegex(Failure, "a view is one of CPU, "):
            self.judged(counters=good, view="tea leaves")

    def test_a_view_that_there_is_not_is_refused_before_the_stage_is_made(self):
        root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        with mock.patch.object(paths, "ROOT", root), \
                self.assertRaisesRegex(Failure, "VIEW='tea leaves': a view is one of CPU, "):
            bugs.bug(1, answer=False, view="tea leaves")
        self.assertEqual(list(root.iterdir()), [])

    def test_a_stage_that_does_not_compile_fails_and_v2_that_does_not_is_named(self):
        def good():
            return {"growth:x": 5, "operations:y": 2}
        status, said = self.judged(counters=good, broken="v3-bug-1")
        self.assertEqual(status, 1)
        self.assertIn("x.cpp:1: error: x\n  it compiles: no; v2-optimized: yes", said)
        with self.assertRaisesRegex(Failure, "^v2-optimized: it does not compile .x.cpp:1: error: "
                                             "x.. Restore it: git checkout v2-optimized$"):
            self.judged(counters=good, broken="v2-optimized")

    def test_a_byte_to_spare_is_no_bug_and_an_allocation_is(self):
        before = {"operations:X.bytes": 51, "operations:X.allocations": 1, "growth:y": 0}
        for after, found in (({**before, "operations:X.bytes": 52, "growth:y": 999}, []),
                             ({**before, "operations:X.bytes": 60}, ["operations:X.bytes"]),
                             ({**before, "operations:X.allocations": 2},
                              ["operations:X.allocations"])):
            self.assertEqual([name for name, _, _ in bugs.worse(before, after)], found)

    def test_what_breaks_the_contract_or_rises_or_hangs_fails(self):
        def hang():
            raise subprocess.TimeoutExpired("probe", 60)
        for arguments, saying in (({"contract": ["Leftpad.Pads"]}, "suite, Leftpad.Pads: fails"),
                                  ({"counters": lambda: {"growth:x": 5, "operations:y": 3}},
                                   "operations:y: 3; v2-optimized: 2"),
                                  ({"counters": hang}, "the counters can be read: no")):
            status, said = self.judged(**arguments)
            self.assertEqual(status, 1)
            self.assertIn(saying, said)


if __name__ == "__main__":
    unittest.main()
