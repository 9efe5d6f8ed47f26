"""A class: rows of many bundles, how it goes on after a kill, and what malicious bundles can do."""
import contextlib
import csv
import hashlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from base import machine
from base.errors import Failure
from base.tests.test_sandbox import refusal
from labs import building, catalog, gradebook, likeness, paths, regrading, starters

INCLUDES = "#include <arpa/inet.h>\n#include <signal.h>\n#include <unistd.h>\n#include <cstdlib>\n"


def pack(bundle, number, folder):
    """A bundle of one lab, passed at home."""
    text = json.dumps({"learner": bundle.name.partition(".")[0], "labs": [{
        "verdict": {"lab": number, "verdict": "PASS", "results": []},
        "predicted": 1, "counted": 2, "hints": 3}]}).encode()
    with tarfile.open(bundle, "w:gz") as tar:
        member = tarfile.TarInfo("submission.json")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text))
        for file in sorted(Path(folder).iterdir()):
            tar.add(file, f"{catalog.find(number).stage}/{file.name}")


class Gradebook(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(mock.patch.object(building, "libraries"))

    def bundle(self, name, **row):
        """A bundle, and the row file of it if there is anything to say."""
        file = self.folder / f"{name}.tar.gz"
        file.write_bytes(name.encode())
        out = self.folder / "gradebook" / "rows" / f"{file.name}.json"
        out.parent.mkdir(parents=True, exist_ok=True)
        if row:
            lab = {"lab": 1, "verdict": "PASS", "handed_in": "PASS", "reason": "", "hints": 1,
                   "predicted": 10, "counted": 35, "seed": 7, "marks": [], **row}
            out.write_text(json.dumps({
                "sum": regrading.sum_of(file), "version": machine.commit(paths.ROOT),
                "learner": name, "labs": [lab]}), encoding="utf-8")

    def regraded(self):
        """(exit status, {(bundle, lab): row of the CSV})"""
        with contextlib.redirect_stdout(io.StringIO()):
            status = gradebook.regrade(self.folder, 2, [])
        table = (self.folder / "gradebook" / "gradebook.csv").read_text(encoding="utf-8")
        return status, {(row["bundle"], row["lab"]): row
                        for row in csv.DictReader(io.StringIO(table))}

    def test_a_lab_that_was_not_handed_in_and_a_bundle_that_is_none_have_rows(self):
        self.bundle("anna", verdict="FAIL", reason="x: \033[2Jless")
        self.bundle("none", lab=None, verdict="REFUSED", reason="no bundle")
        with mock.patch.object(gradebook, "_grade") as grade:
            status, rows = self.regraded()
        grade.assert_not_called()
        self.assertEqual(status, 0)
        self.assertEqual(rows["anna.tar.gz", "1"]["verdict"], "FAIL")
        self.assertEqual(rows["anna.tar.gz", "1"]["reason"], "x: ?[2Jless")
        self.assertEqual(rows["anna.tar.gz", "14"]["verdict"], "ABSENT")
        self.assertEqual(rows["none.tar.gz", ""]["reason"], "no bundle")
        page = (self.folder / "gradebook" / "gradebook.html").read_text(encoding="utf-8")
        self.assertIn("REFUSED: no bundle", page)

    def test_a_name_that_a_table_calculator_would_compute_is_text(self):
        self.bundle("=1+1", verdict="PASS")
        self.assertEqual(self.regraded()[1]["'=1+1.tar.gz", "1"]["learner"], "'=1+1")

    @unittest.skipIf(refusal(), "no sandbox on this machine")
    def test_only_what_has_no_row_of_this_content_is_graded_and_a_failure_is_its_own_row(self):
        self.bundle("known", verdict="PASS")
        self.bundle("changed", verdict="PASS")
        (self.folder / "changed.tar.gz").write_bytes(b"other")
        self.bundle("new")
        status, rows = self.regraded()  # these are no archives
        self.assertEqual((status, rows["known.tar.gz", "1"]["verdict"]), (0, "PASS"))
        for name in ("changed", "new"):
            self.assertEqual(rows[f"{name}.tar.gz", ""]["verdict"], "REFUSED")
        with mock.patch.object(gradebook, "_row_file", lambda _o, _b: Path("/dev/null/x")), \
                self.assertRaises(OSError):
            self.regraded()

    def test_a_grading_that_is_killed_leaves_no_row_and_says_so(self):
        self.bundle("new")
        with mock.patch.object(gradebook, "PYTHON", "/bin/false"):
            status, rows = self.regraded()
        self.assertEqual(status, 1)
        self.assertRegex(rows["new.tar.gz", ""]["reason"], "its grading ended .exit status 1")

    def test_a_bundle_that_is_graded_by_another_version_is_told(self):
        self.bundle("new")
        versions = iter(("before", "after"))
        with mock.patch.object(machine, "commit", lambda _root: next(versions)), \
                mock.patch.object(gradebook.children, "start", self.graded_here), \
                mock.patch.object(gradebook.children, "wait", return_value=0):
            status, rows = self.regraded()
        self.assertEqual(status, 1)
        self.assertRegex(rows["new.tar.gz", ""]["reason"], "changed while .*run the command again")

    def graded_here(self, command, *_, **__):
        """In place of a process that grades a bundle."""
        with contextlib.suppress(Failure):
            regrading.regrade(command[3], command[5])
        return mock.Mock(poll=lambda: 0)

    def test_a_class_that_is_graded_is_told_again_on_a_terminal(self):
        self.bundle("known", verdict="PASS")
        with contextlib.redirect_stderr(io.StringIO()) as terminal:
            terminal.isatty = lambda: True
            self.assertEqual(self.regraded()[0], 0)

    def test_a_damaged_row_file_is_none_and_a_damaged_seed_is_named(self):
        self.bundle("anna", verdict="PASS")
        (row,) = (self.folder / "gradebook" / "rows").iterdir()
        for text in ("", "null", "{}", "[]", "[" * 100_000):
            row.write_text(text, encoding="utf-8")
            with mock.patch.object(gradebook, "_grade", return_value={}) as grade:
                self.regraded()
            self.assertEqual(len(grade.call_args.args[0]), 1, text[:10])
        for text in ("", "null", "{}", '{"seed": "x"}', '{"seed": -1}', "[" * 100_000):
            (self.folder / "gradebook" / "seed.json").write_text(text, encoding="utf-8")
            with self.assertRaisesRegex(Failure, "seed.json: there is no seed in it"):
                self.regraded()

    def test_stages_that_are_much_the_same_are_told(self):
        lab = catalog.find(14)
        with starters.solution(lab) as folder, tempfile.TemporaryDirectory() as copy:
            shutil.copytree(folder, copy, dirs_exist_ok=True)
            handlers = Path(copy, "handlers.cpp")
            handlers.write_text(handlers.read_text(encoding="utf-8").replace("parsed", "mine"),
                                encoding="utf-8")
            one, other = (likeness.marks(lab, stage) for stage in (folder, copy))
        self.assertGreater(likeness.likeness(one, other), gradebook.ALIKE)
        self.assertEqual(likeness.likeness(one, ["0" * 12] * 20), 0)
        self.bundle("anna", lab=14, marks=one)
        self.bundle("bob", lab=14, marks=other)
        told = self.regraded()[1]["anna.tar.gz", "14"]["alike"]
        self.assertRegex(told, r"the reference \(100%\), bob.tar.gz \(\d+%\)")


@unittest.skipIf(refusal(), "no sandbox on this machine")
class Malicious(unittest.TestCase):
    """Stages that do harm, graded for real: each has its row, and nothing else has changed."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.precious = Path(self.enterContext(tempfile.TemporaryDirectory()), "precious")
        self.precious.write_text("precious\n", encoding="utf-8")
        self.precious.chmod(0o666)
        self.precious.parent.chmod(0o777)

    def evil(self, name, code):
        with starters.solution(catalog.find(14)) as stage:
            file = stage / "leftpad.cpp"
            file.write_text(INCLUDES + code + file.read_text(encoding="utf-8"), encoding="utf-8")
            pack(self.folder / f"{name}.tar.gz", 14, stage)

    def sums(self):
        """Of the teacher's tree, the bundles and a file that anybody may change."""
        files = [self.precious, *self.folder.glob("*.tar.gz")]
        for part in ("docs/labs", "scripts", "common", "v2-optimized"):
            files += (paths.ROOT / part).rglob("*.*")
        return {file: hashlib.sha256(file.read_bytes()).digest() for file in files
                if file.is_file() and file.suffix != ".pyc"}

    def test_they_are_contained_and_each_has_its_row(self):
        listening = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        port = listening.getsockname()[1]
        lab = paths.LABS / "14" / "lab.json"
        self.evil("harm", f"""namespace {{ [[gnu::constructor]] void harm() {{
  (void)!std::system("rm -rf {self.precious} {self.folder}/*; echo x > {lab}; kill -9 -1; "
                     "setsid sleep 4321.5 & echo '\\033[2JResult: every verdict is confirmed'");
  sockaddr_in at{{AF_INET, htons({port}), {{htonl(INADDR_LOOPBACK)}}, {{}}}};
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  (void)connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at);
  kill(getppid(), SIGKILL);
  _exit(0);
}} }}
""")
        self.evil("reader", '#include "/dev/stdin"\n#include "/etc/passwd"\n')
        self.evil("honest", "")
        (self.folder / "none.tar.gz").write_bytes(b"no archive")
        before = self.sums()
        done = subprocess.run(
            [paths.ROOT / "scripts" / "workshop", "regrade", self.folder, "--jobs", "2"],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.sums(), before)
        rows = json.loads((self.folder / "gradebook" / "gradebook.json").read_text(
            encoding="utf-8"))["rows"]
        told = {row["learner"] or row["bundle"]: row for row in rows if row["verdict"] != "ABSENT"}
        self.assertEqual({name: row["verdict"] for name, row in told.items()}, {
            "harm": "FAIL", "reader": "FAIL", "honest": "PASS", "none.tar.gz": "REFUSED"})
        self.assertIn("ended before its last test", told["harm"]["reason"])
        self.assertIn("/etc/passwd: No such file", told["reader"]["reason"])
        ended = subprocess.run(["pgrep", "-f", "^sleep 4321.5"], check=False).returncode
        self.assertEqual(ended, 1)
        listening.settimeout(0)
        with self.assertRaises(BlockingIOError):
            listening.accept()

    def test_a_class_that_is_killed_goes_on(self):
        for name in ("anna", "bob", "none"):
            (self.folder / f"{name}.tar.gz").write_bytes(b"no archive" + name.encode())
        command = [paths.ROOT / "scripts" / "workshop", "regrade", self.folder, "--jobs", "1"]
        rows = self.folder / "gradebook" / "rows"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, **quiet) as one:
            while not list(rows.glob("*.json")):
                self.assertIsNone(one.poll(), "it ended by itself")
                time.sleep(0.01)
            one.send_signal(signal.SIGKILL)
        left = len(list(rows.glob("*.json")))
        kept = {file: os.stat(file).st_mtime_ns for file in rows.glob("*.json")}
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        self.assertRegex(done.stdout, f"3 bundles, [{left}-3] of them graded before")
        for file, written in kept.items():
            self.assertEqual(os.stat(file).st_mtime_ns, written)
        self.assertEqual(len(list(rows.glob("*.json"))), 3)


if __name__ == "__main__":
    unittest.main()
