"""Bundles that are none, or reach outside."""
import contextlib
import gzip
import io
import json
import math
import os
import tarfile
import tempfile
import tracemalloc
import unittest
from pathlib import Path
from unittest import mock

import workshop
from base.errors import Failure
from labs import building, catalog, cli, paths, regrading, submission


class Bundles(unittest.TestCase):
    def test_a_bundle_that_reaches_outside_is_refused(self):
        for name in ("../x.cpp", "/etc/passwd", "a/../../c.cpp"):
            with tempfile.TemporaryDirectory() as folder, self.subTest(name):
                bundle = Path(folder, "bundle.tar.gz")
                with tarfile.open(bundle, "w:gz") as tar:
                    member = tarfile.TarInfo(name)
                    tar.addfile(member, io.BytesIO(b""))
                with mock.patch.object(building, "libraries"), self.assertRaises(Failure):
                    regrading.regrade(bundle)

    def test_a_bundle_that_is_none_is_refused_in_one_line(self):
        def packed(headers=None, **files):
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w:gz") as tar:
                for name, text in files.items():
                    member = tarfile.TarInfo(name.replace("_", "."))
                    member.pax_headers = headers or {}
                    member.size = len(text)
                    tar.addfile(member, io.BytesIO(text))
            return out.getvalue()

        def told(*labs, learner="anna", **files):
            return packed(submission_json=json.dumps(
                {"learner": learner, "labs": labs}).encode(), **files)
        lab = {"verdict": {"lab": 2, "verdict": "PASS", "results": []}, "predicted": 1,
               "counted": 1, "hints": 0}
        stage = {"v3-lab02/leftpad.cpp": b""}
        loud = {**lab, "verdict": {**lab["verdict"], "verdict": "\033[1GPASS as handed in"}}
        many = {f"x{number}": b"" for number in range(submission.MAX_FILES + 1)}
        member = tarfile.TarInfo("x")
        member.type, member.size = tarfile.GNUTYPE_LONGNAME, 2
        long_name = member.tobuf(tarfile.GNU_FORMAT) + b"x".ljust(512, b"\0")
        headers = io.BytesIO()
        with tarfile.open(fileobj=headers, mode="w:gz", pax_headers={
                "x": "0" * submission.UNPACKED_BYTES}):
            pass
        cases = {
            "large headers": headers.getvalue(), "no text": told(lab, learner="\ud800"),
            "no tar": b"hello" * 100, "empty file": b"",
            "cut off": packed(x_cpp=os.urandom(20000))[:9000], "nothing in it": packed(),
            "no JSON": packed(submission_json=b"{"), "no labs": packed(submission_json=b"{}"),
            "a list": packed(submission_json=b"[1]"), "empty list": told(),
            "no verdict": told({"verdict": {"lab": 2}}),
            "no such lab": told({"verdict": {"lab": 99}}), "no stage": told(lab),
            "escapes": told(loud), "hints in words": told({**lab, "hints": "\033[8m"}),
            "a name that a terminal obeys": told(lab, learner="\033[8m"),
            "escapes for a lab": told({**lab, "verdict": {**lab["verdict"], "lab": "\033[2J"}}),
            "a lab as a text": told({**lab, "verdict": {**lab["verdict"], "lab": "2"}}, **stage),
            "predicted is no number": told({**lab, "predicted": math.nan}, **stage),
            "endless hints": told({**lab, "hints": math.inf}, **stage),
            "counted is too large": told({**lab, "counted": 10**400}, **stage),
            "names of names": gzip.compress(2000 * long_name),
            "after the end of time": packed({"mtime": "1e300"}, submission_json=b"{}"),
            "nobody's": packed({"uid": "9" * 25}, submission_json=b"{}"),
            "deep": packed(submission_json=b"[" * 100000),
            "twice": told(lab, lab, **stage),
            "many files": packed(**many), "large": packed(x=bytes(submission.MAX_BYTES + 1))
        }
        with tempfile.TemporaryDirectory() as folder:
            bundle = Path(folder, "bundle.tar.gz")
            bundle.write_bytes(told(lab, **stage))
            self.assertEqual(submission.unpack(bundle, Path(folder)), ("anna", [lab]))
        for name, data in cases.items():
            with tempfile.TemporaryDirectory() as folder, self.subTest(name):
                bundle = Path(folder, "bundle.tar.gz")
                bundle.write_bytes(data)
                with mock.patch.object(building, "libraries"), \
                        self.assertRaises(Failure) as refused:
                    regrading.regrade(bundle)
                self.assertTrue(str(refused.exception).isprintable(), refused.exception)

    def test_the_headers_of_a_bundle_are_not_read_beyond_its_limit(self):
        with tempfile.TemporaryDirectory() as folder:
            bundle = Path(folder, "bundle.tar.gz")
            with tarfile.open(bundle, "w:gz", pax_headers={"x": "0" * 40_000_000}):
                pass
            tracemalloc.start()
            self.addCleanup(tracemalloc.stop)
            with self.assertRaisesRegex(Failure, "unpacked it has more than"):
                submission.unpack(bundle, Path(folder))
            self.assertLess(tracemalloc.get_traced_memory()[1], 3 * submission.UNPACKED_BYTES)

    def test_a_learner_without_a_name_says_one(self):
        for name in ("anna\udcff", "", "a\nb"):
            with self.subTest(name), self.assertRaisesRegex(Failure, "^LEARNER=[ -~]*LEARNER=anna"):
                submission.pack(name)
        for error in (KeyError, OSError):
            with mock.patch.object(submission.children, "run", return_value=mock.Mock(stdout="")), \
                    mock.patch.object(submission.getpass, "getuser", side_effect=error), \
                    self.assertRaisesRegex(Failure, "knows who you are"):
                submission.learner()


class Sandbox(unittest.TestCase):
    def test_it_is_entered_for_a_bundle_and_not_to_pack_one(self):
        for given, entered in (([], []), (["x.tar.gz"], [cli.WITHOUT]),
                               (["x.tar.gz", "--without-sandbox"], [""])):
            module, options = workshop.parse("submission", given)
            with mock.patch.object(building, "enter_sandbox") as enter, \
                    mock.patch.object(submission, "pack"), \
                    mock.patch.object(regrading, "regrade"):
                module.run(options)
            self.assertEqual([call.args[0] for call in enter.call_args_list], entered, given)


class Packing(unittest.TestCase):
    """What is packed here is unpacked on the teacher's machine."""

    def setUp(self):
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.stage = self.root / catalog.find(2).stage
        self.write("leftpad.cpp", b"leftpad")
        self.verdict = self.root / "labs" / "lab02.json"
        self.verdict.parent.mkdir()
        self.verdict.write_text('{"lab": 2, "verdict": "PASS", "results": []}', encoding="utf-8")
        for name in ("ROOT", "BUILD", "PROGRESS"):
            self.enterContext(mock.patch.object(paths, name, self.root))

    def write(self, name, text):
        file = self.stage / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)

    def packed(self):
        """{name: contents} of the stage as the teacher's side unpacks it."""
        with contextlib.redirect_stdout(io.StringIO()):
            submission.pack("anna")
        with tempfile.TemporaryDirectory() as folder:
            submission.unpack(self.root / submission.BUNDLE, Path(folder))
            stage = Path(folder, self.stage.name)
            return {str(file.relative_to(stage)): file.read_bytes()
                    for file in stage.rglob("*") if file.is_file()}

    def test_a_bundle_holds_what_the_build_reads_and_the_answers(self):
        files = {name: name.encode() for name in ("leftpad.cpp", "x.hpp", "detail/x.h",
                                                  "answer.json")}
        for name, text in files.items():
            self.write(name, text)
        self.assertEqual(self.packed(), files)

    def test_of_a_link_the_contents_are_packed_and_a_folder_is_no_answer(self):
        (self.root / "elsewhere.h").write_bytes(b"header")
        (self.stage / "soft.h").symlink_to(self.root / "elsewhere.h")
        (self.stage / "hard.cpp").hardlink_to(self.stage / "leftpad.cpp")
        (self.stage / "x.json").mkdir()
        self.assertEqual(self.packed(), {"leftpad.cpp": b"leftpad", "hard.cpp": b"leftpad",
                                         "soft.h": b"header"})

    def test_a_file_that_makes_the_bundle_too_large_is_named(self):
        self.write("perf.data", bytes(submission.MAX_BYTES))
        with self.assertRaisesRegex(Failure, "perf.data'.*10000000 bytes.*Move"):
            self.packed()
        self.write("perf.data", b"")
        for number in range(submission.MAX_FILES):
            self.write(f"x{number}.h", b"")
        with self.assertRaisesRegex(Failure, "1000 files"):
            self.packed()
        self.assertFalse((self.root / submission.BUNDLE).exists())

    def test_a_damaged_verdict_is_named(self):
        for text in ("", "[]", "{}", '{"lab": 1, "verdict": "PASS", "results": []}',
                     '{"lab": 2, "verdict": 1, "results": []}', "[" * 100000):
            self.verdict.write_text(text, encoding="utf-8")
            with self.subTest(text[:50]), self.assertRaisesRegex(
                    Failure, "lab02.json: it is no verdict.*make grade LAB=2"):
                self.packed()


if __name__ == "__main__":
    unittest.main()
