"""What the tests of captures share: running the scripts on the built services, results in a folder
of their own."""
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from base.paths import ROOT
from base.tests.fake_tree import SCRIPTS

BINARIES = ROOT / "build" / "bin"
V1, V2 = "v1-naive", "v2-optimized"
# Enough samples for steady shares on a slow machine.
MANY_SAMPLES = {"PPROF_HEAP_SAMPLE_BYTES": "8192"}

built = unittest.skipUnless((BINARIES / f"leftpad-{V1}").exists() and
                            (BINARIES / f"leftpad-{V2}").exists(),
                            "the scripts profile the release build, which is not there: make build")


class Captures(unittest.TestCase):
    """Each test has a new folder for results."""

    def setUp(self):
        self.out = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="leftpad-test.")))

    def start(self, *command, **extra):
        return subprocess.Popen([SCRIPTS / command[0], *command[1:]], cwd=ROOT,
                                env={**os.environ, **extra}, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                start_new_session=True)

    def ends(self, *command, status=0, **extra):
        """(standard output, standard error) of a script that must end with this status."""
        child = self.start(*command, **extra)
        out, err = child.communicate(timeout=200)
        self.assertEqual(child.returncode, status, out + err)
        return out, err

    def profile(self, kind, stage, *options):
        """(pprof's table, the table of own functions, all output) of a capture of two seconds."""
        out, err = self.ends("workshop", "profile", kind, stage, "--seconds", "2",
                             "--out", self.out, *options, **MANY_SAMPLES)
        self.assertNotRegex(err, r"(?m)^(error|warning):|Traceback")
        whole, _, own = out.partition("\nThe same, only functions written in ")
        return whole, own.partition("\nResult: ")[0], out


def shares(table, column=2):
    """{function: percent} of a table of pprof -top; column 2 is flat, 5 is cumulative."""
    found = re.findall(r"^ *(\S+) +([0-9.]+)% +\S+ +(\S+) +([0-9.]+)% +(.+?)(?: \(inline\))?$",
                       table, re.MULTILINE)
    return {row[4]: float(row[1] if column == 2 else row[3]) for row in found}
