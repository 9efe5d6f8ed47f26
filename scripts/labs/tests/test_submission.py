"""Bundles that are none, or reach outside."""
import contextlib
import io
import json
import os
import tarfile
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from labs import building, catalog, paths, regrading, submission
from base.errors import Failure


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
        def packed(**files):
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w:gz") as tar:
                for name, text in files.items():
                    member = tarfile.TarInfo(name.replace("_", "."))
                    member.size = len(text)
                    tar.addfile(member, io.BytesIO(text))
            return out.getvalue()

        def told(*labs, learner="anna", **files):
            return packed(submission_json=json.dumps(
                {"learner": learner, "labs": labs}).encode(), **files)
        lab = {"verdict": {"lab": 2, "verdict": "PASS", "results": []}, "predicted": 1,
               "counted": 1, "hints": 0}
        loud = {**lab, "verdict": {**lab["verdict"], "verdict": "\033[1GPASS as handed in"}}
        many = {f"x{number}": b"" for number in range(submission.MAX_FILES + 1)}
        cases = {
            "no tar": b"hello" * 100, "empty file": b"",
            "cut off": packed(x_cpp=os.urandom(20000))[:9000], "nothing in it": packed(),
            "no JSON": packed(submission_json=b"{"), "no labs": packed(submission_json=b"{}"),
            "a list": packed(submission_json=b"[1]"), "empty list": told(),
            "no verdict": told({"verdict": {"lab": 2}}),
            "no such lab": told({"verdict": {"lab": 99}}), "no stage": told(lab),
            "escapes": told(loud), "hints in words": told({**lab, "hints": "\033[8m"}),
            "a name that a terminal obeys": told(lab, learner="\033[8m"),
            "deep": packed(submission_json=b"[" * 100000),
            "twice": told(lab, lab, v3_lab02=b""),
            "many files": packed(**many), "large": packed(x=bytes(submission.MAX_BYTES + 1))
        }
        for name, data in cases.items():
            with tempfile.TemporaryDirectory() as folder, self.subTest(name):
                bundle = Path(folder, "bundle.tar.gz")
                bundle.write_bytes(data)
                with mock.patch.object(building, "libraries"), \
                        self.assertRaises(Failure) as refused:
                    regrading.regrade(bundle)
                self.assertTrue(str(refused.exception).isprintable(), refused.exception)

    def test_a_bundle_holds_what_the_build_reads_and_the_answers(self):
        root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        stage = root / catalog.find(2).stage
        for name in ("leftpad.cpp", "x.hpp", "detail/x.h", "answer.json"):
            file = stage / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(name, encoding="utf-8")
        (root / "labs").mkdir()
        (root / "labs" / "lab02.json").write_text('{"verdict": "PASS"}', encoding="utf-8")
        with mock.patch.object(paths, "ROOT", root), mock.patch.object(paths, "BUILD", root), \
                mock.patch.object(paths, "PROGRESS", root), \
                contextlib.redirect_stdout(io.StringIO()):
            submission.pack("anna")
        with tarfile.open(root / submission.BUNDLE) as tar:
            self.assertEqual(tar.getnames()[1:], [f"{stage.name}/{name}" for name in (
                "detail/x.h", "leftpad.cpp", "x.hpp", "answer.json")])


if __name__ == "__main__":
    unittest.main()
