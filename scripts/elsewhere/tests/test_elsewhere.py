"""What `make elsewhere` does without making a system: steps, the table, reading and refusing."""
import contextlib
import io
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

from base import children
from base.errors import Failure, UsageError
from elsewhere import arm64, cli, container, debian, system
from elsewhere.system import Step

APT = """0 upgraded, {} newly installed, 0 to remove and 0 not upgraded.
Need to get {} of archives.
"""


def fails():
    raise Failure("build.log", "the command ended with exit status 1", "Read this file")


class Commands(unittest.TestCase):
    def setUp(self):
        self.out = self.enterContext(contextlib.redirect_stdout(io.StringIO()))
        self.enterContext(contextlib.redirect_stderr(io.StringIO()))

    def run_it(self, systems, user=0):
        made = {name: lambda steps=steps: steps for name, steps in systems.items()}
        with mock.patch.object(cli, "SYSTEMS", made), mock.patch("os.geteuid", lambda: user):
            return cli.run(types.SimpleNamespace(systems=[], prog="elsewhere"))

    def test_a_failed_step_ends_its_system_and_the_table_says_all(self):
        ran = [Step("build", lambda: "9 programs")]
        self.assertEqual(self.run_it({
            "one": [Step("sysroot", fails), *ran], "two": ran,
            "three": [Step("sysroot", lambda: children.run(["/nowhere"])), *ran]}), 1)
        table = self.out.getvalue().splitlines()[-4:]
        self.assertRegex(table[0], "^system  what ran  result +time$")
        self.assertRegex(table[1], "^one +sysroot +FAILED: build.log +0 s$")
        self.assertRegex(table[2], "^two +build +9 programs +0 s$")
        self.assertRegex(table[3], "^three +sysroot +FAILED: .*No such file.*/nowhere' +0 s$")

    def test_all_that_ends_well_is_0(self):
        self.assertEqual(self.run_it({"one": [Step("build", lambda: "made")]}), 0)

    def test_another_user_than_root_is_told_what_to_type(self):
        with self.assertRaisesRegex(Failure, "root only. Run: sudo make elsewhere"):
            self.run_it({}, user=1000)

    def test_an_unknown_system_is_named_with_those_that_there_are(self):
        with mock.patch("os.geteuid", lambda: 0), \
                self.assertRaisesRegex(UsageError, "amiga: the systems are debian12, deb"):
            cli.run(types.SimpleNamespace(systems=["arm64", "amiga"], prog="elsewhere"))

    def test_the_tutorial_needs_the_system_that_it_is_run_on(self):
        none = debian.Debian("none", "none")
        self.assertEqual(self.run_it({"docs": none.docs_steps()}), 1)
        self.assertRegex(self.out.getvalue(), "FAILED: build/elsewhere/none/root")

    def test_a_command_that_fails_shows_its_end_and_names_its_log(self):
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "deeper", "a.log")
            with self.assertRaisesRegex(Failure, "a.log: the command ended with exit status 3"):
                system.logged(["bash", "-c", "seq 100; exit 3"], log)
            self.assertEqual(len(log.read_text(encoding="utf-8").splitlines()), 100)
        self.assertEqual(self.out.getvalue().splitlines()[-1], "100")
        self.assertNotIn("\n50\n", self.out.getvalue())

    def test_of_tests_that_fail_what_they_said_is_shown_too(self):
        said = "\n".join([
            "      Start  1: labs/02", " 1/4 Test  #1: labs/02 ...   Passed    1.20 sec",
            " 2/4 Test  #2: labs/10 ...***Failed   61.22 sec", "lab 10 solution FAIL", "",
            "      Start  3: other", " 3/4 Test  #3: other ...***Skipped   0.01 sec", "no tool", "",
            " 4/4 Test  #4: last ...***Timeout   9.01 sec", "hangs", "",
            "50% tests passed, 2 tests failed out of 4", *map(str, range(99)), ""])
        with tempfile.TemporaryDirectory() as folder, self.assertRaises(Failure):
            system.logged(["bash", "-c", 'echo "$0"; exit 2', said], Path(folder, "a.log"))
        shown = self.out.getvalue()
        self.assertIn("***Failed   61.22 sec\nlab 10 solution FAIL\n", shown)
        self.assertIn("***Timeout   9.01 sec\nhangs\n", shown)
        for other in ("labs/02", "no tool"):
            self.assertNotIn(other, shown.replace(said, ""))

    def test_a_compiler_that_warns_is_a_failure(self):
        warning = "src/a.cpp:58:64: warning: missing initializer [-Wmissing-field-initializers]"
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "a.log")
            with self.assertRaisesRegex(Failure, "a.cpp:58:64.*no compiler of a supported system"):
                system.logged(["echo", f"[1/2] a\n{warning}\n[2/2] b"], log)
            system.logged(["echo", "warning: a tool is missing"], log)


class Reading(unittest.TestCase):
    def test_what_is_made_to_its_end_is_made_once(self):
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder, "systems", "bare")

            def broken(place):
                place.mkdir()
                fails()
            with self.assertRaises(Failure):
                system.once(whole, broken)
            self.assertFalse(whole.exists())
            self.assertEqual(system.once(whole, Path.mkdir), "made")
            self.assertEqual(system.once(whole, fails), "taken from an earlier run")

    def test_the_first_command_has_a_limit(self):
        for said in (APT.format(107, "184 MB"), APT.format(1, "5,120 kB"),
                     APT.format(107, "0 B/184 MB")):
            self.assertRegex(debian.downloads(said), r"^\d+ packages, (184|5) MB$")
        for said in (APT.format(201, "184 MB"), APT.format(107, "0 B/1,084 MB")):
            with self.assertRaisesRegex(Failure, "may download 200 and 200 MB"):
                debian.downloads(said)
        with self.assertRaisesRegex(Failure, "the output must have this"):
            debian.downloads("nothing was needed")

    def test_the_image_has_a_limit(self):
        for fits in ("1.8 GB", "950 MB"):
            self.assertEqual(container.size(fits), fits)
        with self.assertRaisesRegex(Failure, "1.84 GB: the image may have 1.8 GB"):
            container.size("1.84 GB")

    def test_the_sysroot_has_libraries_and_no_tools(self):
        with mock.patch.object(children, "run", lambda *_: children.Done(0, "12\n", "")):
            names = arm64.libraries()
        self.assertLessEqual({"libstdc++-12-dev", "libcpp-httplib-dev", "rapidjson-dev"},
                             set(names))
        self.assertFalse({"cmake", "g++", "curl", "strace"} & set(names))
        with mock.patch.object(children, "run", lambda *_: children.Done(1, "", "no such\n")), \
                self.assertRaisesRegex(Failure, "exit status 1; it said: no such"):
            arm64.libraries()

    def test_every_exclusion_has_a_reason(self):
        for pattern, reason in arm64.EXCLUDED.items():
            self.assertGreater(len(reason.split()), 3, pattern)


if __name__ == "__main__":
    unittest.main()
