#!/usr/bin/python3
"""Which versions of cpp-httplib a build is configured with: httplib_version_test.py CMAKE."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HTTPLIB = Path(__file__).resolve().parents[2] / "cmake/Httplib.cmake"
PROJECT = f"""cmake_minimum_required(VERSION 3.25)
project(version_check LANGUAGES NONE)
find_package(PkgConfig REQUIRED)
include({HTTPLIB})
message(STATUS "minor version ${{httplib_minor}}")
"""


class HttplibVersion(unittest.TestCase):
    cmake = ""

    def configure(self, version: str) -> tuple:
        """Status and output, on one line, of CMake with a header of the version; "": no header."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "CMakeLists.txt").write_text(PROJECT, encoding="utf-8")
            if version:
                Path(folder, "httplib.h").write_text(f'#define CPPHTTPLIB_VERSION "{version}"\n',
                                                     encoding="utf-8")
            done = subprocess.run([self.cmake, "-S", folder, "-B", folder + "/build",
                                   f"-DHTTPLIB_DIR={folder}"], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, " ".join(done.stdout.split())

    def test_takes_a_version_that_is_known(self):
        status, output = self.configure("0.18.7")
        self.assertEqual(status, 0, output)
        self.assertIn("minor version 18 ", output)

    def test_refuses_another_and_names_those_that_are_known(self):
        for version in ("0.30.1", "0.1.0", "1.18.0"):
            status, output = self.configure(version)
            self.assertNotEqual(status, 0, output)
            self.assertIn(f"cpp-httplib {version} is not known to common/app/server: it knows "
                          "0.11, 0.14, 0.18, 0.41, 0.53. Install one of them", output)

    def test_says_that_a_folder_has_no_header(self):
        status, output = self.configure("")
        self.assertNotEqual(status, 0, output)
        self.assertIn("has no httplib.h: give the folder that the file is in", output)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    HttplibVersion.cmake = sys.argv.pop()
    unittest.main(verbosity=2)
