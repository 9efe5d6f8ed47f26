"""A signal that comes while a child is being started: the command ends with 128 + signal, and the
child first."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from base.tests.fake_tree import SCRIPTS

# Popen that gets SIGTERM when the child runs, and nobody has noted it.
SETTING = """
import os, signal, subprocess, types
from pathlib import Path
from base import children
folder = Path({folder!r})
program = str(folder / "program")
started = []
class Popen(subprocess.Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        started.append(self)
        os.kill(os.getpid(), signal.SIGTERM)
children.start(["true"])
subprocess.Popen = Popen
try:
    with children.no_survivors():
        {body}
except SystemExit as leaving:
    print(leaving.code, [child.returncode is None for child in started])
finally:
    for child in started:
        child.kill()
"""


class Signals(unittest.TestCase):
    def ends(self, body):
        """Status of the command, and for each child whether it is running."""
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "program")
            program.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
            program.chmod(0o755)
            done = subprocess.run([sys.executable, "-c",
                                   SETTING.format(folder=folder, body=body)], cwd=SCRIPTS,
                                  timeout=60, capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def test_the_service_of_a_lab(self):
        self.assertEqual(
            self.ends("from labs import running; running.Service(program).__enter__()"),
            "143 [False]\n")

    def test_the_http_tests_of_a_lab(self):
        self.assertEqual(self.ends("from labs import suite; suite.over_http(program)"),
                         "143 [False]\n")

    def test_the_load_of_a_lab(self):
        body = (
            "from labs import loads; os.symlink(program, folder / 'ab'); "
            "os.environ['PATH'] = f'{folder}:/usr/bin:/bin'; "
            "service = types.SimpleNamespace(url='http://127.0.0.1:1', last_words=str); "
            "loads.ab(service).__enter__()")
        self.assertEqual(self.ends(body), "143 [False]\n")

    def test_a_temporary_folder_that_is_being_made_is_not_left_behind(self):
        body = (
            "import tempfile; from base import signals; mkdtemp = tempfile.mkdtemp\n"
            "        signals.leave_on_signals()\n"
            "        tempfile.mkdtemp = lambda *given: "
            "(mkdtemp(*given), os.kill(os.getpid(), signal.SIGTERM))[0]\n"
            "        try: signals.temporary_folder(dir=folder)\n"
            "        finally: print(sorted(os.listdir(folder)))")
        self.assertEqual(self.ends(body), "['program']\n143 []\n")

    def test_the_commands_of_a_chapter(self):
        for command in ("run('sleep 60')", "run_in_background('sleep 60', 'x')"):
            body = ("from docs import runner; s = runner.Session(folder, folder)\n"
                    f"        with s: s.{command}")
            self.assertEqual(self.ends(body), "143 [False]\n", command)

    def test_the_service_of_a_soak(self):
        self.assertEqual(
            self.ends("from soak import cli as soak; soak.soak(program, 1)"),
            "143 [False]\n")


if __name__ == "__main__":
    unittest.main()
