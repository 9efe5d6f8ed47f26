"""A temporary copy of the tree with fake stages and programs, and the means to run scripts in
it."""
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).absolute().parents[2]
FAKES = SCRIPTS / "base" / "tests" / "fakes"
STAGES = ("v1-naive", "v2-optimized")
WAIT_SECONDS = 60  # far above what a busy machine needs
sys.dont_write_bytecode = True


class FakeTree:
    """Use with `with`. The scripts believe that its root is the repository."""

    def __enter__(self):
        self.root = Path(tempfile.mkdtemp(prefix="leftpad-test."))
        shutil.copytree(SCRIPTS, self.root / "scripts",
                        ignore=shutil.ignore_patterns("tests", "__pycache__"))
        (self.root / "build" / "bin").mkdir(parents=True)
        (self.root / "tools").mkdir()
        (self.root / "temp").mkdir()
        for tool in ("ab", "objcopy"):
            shutil.copy(FAKES / tool, self.root / "tools")
        shutil.copy(FAKES / "open-loop-load", self.root / "build" / "bin")
        for stage in STAGES:
            self.add_stage(stage)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def add_stage(self, stage):
        (self.root / stage).mkdir(exist_ok=True)
        (self.root / stage / "CMakeLists.txt").write_text("add_stage()\n", encoding="utf-8")
        shutil.copy(FAKES / "bench", self.root / "build" / "bin" / f"bench-{stage}")
        shutil.copy(FAKES / "service", self.root / "build" / "bin" / f"leftpad-{stage}")

    def environment(self, **extra):
        return {
            **os.environ, "PATH": f"{self.root / 'tools'}:/usr/bin:/bin",
            "TMPDIR": str(self.root / "temp"), **extra
        }

    def start(self, *command, **extra):
        return subprocess.Popen([str(self.root / "scripts" / command[0]), *command[1:]],
                                cwd=self.root, env=self.environment(**extra),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True,
                                )

    def run(self, *command, **extra):
        """(exit status, standard output, standard error)"""
        child = self.start(*command, **extra)
        out, err = child.communicate(timeout=120)
        return child.returncode, out, err


class Commands(unittest.TestCase):
    """Each test has a tree of its own."""

    def setUp(self):
        self.box = self.enterContext(FakeTree())

    def ends(self, *command, status, out="", err="", **extra):
        code, got_out, got_err = self.box.run(*command, **extra)
        self.assertEqual(code, status, got_out + got_err)
        self.assertTrue(re.search(out, got_out), got_out)
        self.assertTrue(re.search(err, got_err), got_err)


def eventually(condition):
    """What the condition gives, once that is true; an AssertionError if it never is."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain")
        time.sleep(0.02)
    return found


def _stat(pid):
    """The fields of a process from its state on, or None if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None


def has_ended(pid, seconds=WAIT_SECONDS):
    """Whether a process ends within that time; it may be a zombie, which its parent has not looked
    at."""
    deadline = time.monotonic() + seconds
    while (fields := _stat(pid)) and fields[0] not in "ZX":
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def descendants(pid):
    """What a process has started, and what that has, and so on: the numbers of those that run."""
    parents = {path.name: _stat(path.name) for path in Path("/proc").glob("[0-9]*")}
    found = [str(pid)]
    for above in found:
        found += [one for one, fields in parents.items() if fields and fields[1] ==
                  above and fields[0] != "Z"]
    return found[1:]


def runs(pid, program):
    """Whether something that a process has started runs the program of this name."""
    for one in descendants(pid):
        with contextlib.suppress(OSError):  # it ends just now
            if Path(f"/proc/{one}/comm").read_text(encoding="utf-8") == f"{program}\n":
                return True
    return False
