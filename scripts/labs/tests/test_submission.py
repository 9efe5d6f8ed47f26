"""Bundles that are none, or reach outside."""
import io
import json
import os
import tarfile
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from labs import building, submission
from base.errors import Failure


class Bundles(unittest.TestCase):
    def test_a_bundle_that_reaches_outside_is_refused(self):
        for name in ("../x.cpp", "/etc/passwd", "a/b/c.cpp"):
            with tempfile.TemporaryDirectory() as folder, self.subTest(name):
                bundle = Path(folder, "bundle.tar.gz")
                with tarfile.open(bundle, "w:gz") as tar:
                    member = tarfile.TarInfo(name)
                    tar.addfile(member, io.BytesIO(b""))
                with mock.patch.object(building, "libraries"), self.assertRaises(Failure):
                    submission.regrade(bundle)

    def test_a_bundle_that_is_none_is_refused_in_one_line(self):
        def packed(**files):
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w:gz") as tar:
                for name, text in files.items():
                    member = tarfile.TarInfo(name.replace("_", "."))
                    member.size = len(text)
                    tar.addfile(member, io.BytesIO(text))
            return out.getvalue()
        lab = {"verdict": {"lab": 2, "verdict": "PASS"}, "predicted": 1, "counted": 1, "hints": 0}
        cases = {
            "no tar": b"hello" * 100, "empty file": b"",
            "cut off": packed(x_cpp=os.urandom(20000))[:9000], "nothing in it": packed(),
            "no JSON": packed(submission_json=b"{"), "no labs": packed(submission_json=b"{}"),
            "a list": packed(submission_json=b"[1]"),
            "empty list": packed(submission_json=b'{"labs": []}'),
            "no verdict": packed(submission_json=b'{"labs": [{"verdict": {"lab": 2}}]}'),
            "no such lab": packed(submission_json=b'{"labs": [{"verdict": {"lab": 99}}]}'),
            "no stage": packed(submission_json=json.dumps({"labs": [lab]}).encode())
        }
        for name, data in cases.items():
            with tempfile.TemporaryDirectory() as folder, self.subTest(name):
                bundle = Path(folder, "bundle.tar.gz")
                bundle.write_bytes(data)
                with mock.patch.object(building, "libraries"), \
                        self.assertRaises(Failure) as refused:
                    submission.regrade(bundle)
                self.assertNotIn("\n", str(refused.exception))


if __name__ == "__main__":
    unittest.main()
