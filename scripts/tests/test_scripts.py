"""The shell scripts from outside, on fake programs: help, refusals, results, and what they leave
behind."""
import json
import os
import re
import shutil
import subprocess
import unittest

from base.tests.fake_tree import SCRIPTS, Commands, eventually, has_ended

COMMANDS = sorted(path.name for path in SCRIPTS.glob("*.sh") if path.name != "lib.sh")


class Scripts(Commands):
    def test_every_script_has_help_with_an_example(self):
        for command in COMMANDS:
            self.ends(command, "--help", status=0,
                      out=rf"(?s)^[Uu]sage: scripts/{command}.*Example: ", err="^$")

    def test_every_script_refuses_an_unknown_option_in_one_line(self):
        for command in COMMANDS:
            self.ends(command, "--frob", status=1 if command == "stage.sh" else 2,
                      err=r"^error: [^\n]*\n$")

    def test_an_argument_too_many_is_refused(self):
        for command in ("build.sh release all", "check.sh --help", "doctor.sh --help",
                        "format.sh --check", "lint.sh --all", "sanitize.sh asan", "test.sh 2"):
            self.ends(*command.split(), "extra", status=2, err=r"^error: extra: [^\n]*\n$")

    def test_whatever_runs_in_the_background_ends_with_the_script(self):
        lib = self.box.root / "scripts" / "lib.sh"
        for end, status in (("exit 3", 3), ("kill -TERM $$", 143), ("kill -HUP $$", 129), ("false",
                                                                                           1)):
            script = f". {lib}; sleep 60 >/dev/null 2>&1 & echo $!; sleep 0.1; {end}"
            done = subprocess.run(["bash", "-c", script], env=self.box.environment(),
                                  capture_output=True, text=True, check=False, timeout=30)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertTrue(has_ended(done.stdout, 0), script)

    def test_a_signal_ends_fuzzing_and_what_it_runs(self):
        pid = self.box.root / "pid"
        target = self.box.root / "build/fuzz/build/bin/fuzz-reader"
        target.parent.mkdir(parents=True)
        programs = [self.box.root / "tools" / name for name in ("clang++", "cmake", "ninja")]
        for hangs in (target, programs[-1]):
            for program in (*programs, target):
                hang = f"echo $$ >{pid}.new; mv {pid}.new {pid}; exec sleep 60"
                program.write_text(f"#!/bin/sh\n{hang if program == hangs else 'exit 0'}\n",
                                   encoding="utf-8")
                program.chmod(0o755)
            child = self.box.start("fuzz.sh", "reader")
            eventually(pid.exists)
            child.terminate()
            child.communicate(timeout=20)
            self.assertEqual(child.returncode, 143)
            self.assertTrue(has_ended(pid.read_text(), 0))
            pid.unlink()

    def test_builds_of_one_folder_come_one_after_the_other(self):
        (self.box.root / "build" / "build.ninja").touch()
        ninja = self.box.root / "tools" / "ninja"
        ninja.write_text("#!/bin/sh\nmkdir alone && sleep 0.5 && rmdir alone\n", encoding="utf-8")
        ninja.chmod(0o755)
        builds = [self.box.start("build.sh", "release") for _ in range(3)]
        for build in builds:
            self.assertEqual((build.communicate(timeout=120)[1], build.returncode), ("", 0))

    def test_run_becomes_the_service(self):
        pids = self.box.root / "pids"
        child = self.box.start("run.sh", "v1-naive", "--port", "1", FAKE_PIDS=str(pids))
        self.assertIn("profiles at", child.stderr.readline())
        self.assertIn("listening on", child.stderr.readline())
        self.assertEqual(int(pids.read_text()), child.pid)
        child.terminate()
        child.communicate(timeout=20)
        self.assertEqual(child.returncode, 0)

    def test_stage_copies_and_never_overwrites(self):
        self.ends("stage.sh", "v3-mine", "v2-optimized", status=0,
                  out="Result: v3-mine/\nNext:   make compare OLD=v2-optimized NEW=v3-mine")
        self.assertTrue((self.box.root / "v3-mine" / "CMakeLists.txt").exists())
        self.ends("stage.sh", "v3-mine", status=1, err="never overwritten")

    def test_stage_refuses_names_that_the_build_would_not_find(self):
        for name in ("mine", "v3", "v3-", "V3-mine", "v3-a/b", "v3-Mine", "../v3-mine",
                     "v1-naive-heaptrack"):
            self.ends("stage.sh", name, status=1, err="stage name")
        self.ends("stage.sh", "v3-mine", "v2-optimised", status=1, err="Did you mean v2-optimized")

    @unittest.skipUnless(shutil.which("jq"), "jq is not installed")
    def test_lint_finds_the_sources_wherever_the_clone_is(self):
        clone = self.box.root / "builds" / "build" / "me"
        shutil.copytree(self.box.root / "scripts", clone / "scripts")
        for file in (clone / "scripts").rglob("*/*.py"):
            file.unlink()
        (clone / "scripts" / "workshop.py").unlink()
        for name in (".flake8", ".clang-tidy"):
            shutil.copy(SCRIPTS.parent / name, clone)
        for tool, does in (("clang-tidy", f'echo "$5" "$4" >>{self.box.root}/linted'),
                           ("shellcheck", "true")):
            (self.box.root / "tools" / tool).write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
            (self.box.root / "tools" / tool).chmod(0o755)
        names = ["v1-naive/a.cpp", "common/b.cpp", "build/made.cpp", "build-asan/made.cpp"]
        sources = [clone / name for name in names]
        for source in sources:
            source.parent.mkdir(parents=True)
            source.write_text(str(source), encoding="utf-8")
        (clone / ".gitignore").write_text("/build*/\n", encoding="utf-8")
        for command in (["git", "init", "-q"], ["git", "add", "-A"]):
            subprocess.run(command, cwd=clone, check=True)
        known = clone / "build" / "compile_commands.json"
        known.write_text(json.dumps([{"file": str(source)} for source in sources]),
                         encoding="utf-8")
        for options in ([], ["--all"]):
            shutil.rmtree(clone / "build" / "lint", ignore_errors=True)
            self.lint(clone, options, 0, "^$")
            braces = "--checks=-*,readability-braces-around-statements"
            self.assertEqual(sorted((self.box.root / "linted").read_text().splitlines()), sorted(
                [*(f" {name}" for name in names[:2]), *(f"{name} {braces}" for name in names[:2])]))
            (self.box.root / "linted").unlink()
        known.write_text(json.dumps([{"file": "/elsewhere/v1-naive/a.cpp"}]), encoding="utf-8")
        self.lint(clone, [], 1, "^error: build/compile_commands.json: it has no source of ")

    def lint(self, clone, options, status, err):
        done = subprocess.run([clone / "scripts" / "lint.sh", *options], env=self.box.environment(),
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertRegex(done.stderr, err)

    def test_setup_lists_what_is_missing_with_reasons_and_the_command(self):
        packages = self.box.root / "scripts" / "packages.txt"
        packages.write_text(
            "[build]\nno-such-package  # a reason\nno-such-package-2|sh  # sh will do\n",
            encoding="utf-8")
        self.ends(
            "setup.sh", "--check", "build", status=1, out=r"no-such-package +a "
                                                          r"reason\n(?s:.*)apt-get install -y "
                                                          r"--no-install-recommends "
                                                          r"no-such-package\n"
        )
        packages.write_text("[build]\nbash  # a shell\n", encoding="utf-8")
        self.ends("setup.sh", "build", status=0, out="^$", err="^$")

    def test_setup_refuses_an_unknown_group(self):
        self.ends("setup.sh", "everything", status=2,
                  err="build, run, graphs, heaptrack, labs, test, docs, elsewhere")


class Sources(unittest.TestCase):
    def test_every_package_has_a_reason(self):
        for line in (SCRIPTS / "packages.txt").read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "[")):
                self.assertRegex(line, r"^[a-z0-9.+-]+(/[a-z0-9.+-]+)?(\|[a-z]+)? +# \S")

    @unittest.skipUnless(shutil.which("shellcheck"), "shellcheck is not installed")
    def test_shellcheck_finds_nothing(self):
        files = [str(path.relative_to(SCRIPTS.parent)) for path in sorted(SCRIPTS.rglob("*.sh"))]
        done = subprocess.run(["shellcheck", *files], cwd=SCRIPTS.parent, capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_every_script_is_executable_and_strict(self):
        for command in COMMANDS:
            text = (SCRIPTS / command).read_text(encoding="utf-8")
            self.assertTrue(os.access(SCRIPTS / command, os.X_OK), command)
            self.assertTrue(re.search(r'^\. .*/lib\.sh"$', text, re.M), command)


if __name__ == "__main__":
    unittest.main()
