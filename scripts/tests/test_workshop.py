"""scripts/workshop from outside, on fake programs: the table of commands."""
import unittest

import workshop
from base.tests.fake_tree import Commands


class Workshop(Commands):
    def test_every_command_has_help_with_an_example_and_refuses_an_unknown_option(self):
        for name in workshop.BY_NAME:
            self.ends("workshop", name, "--help", status=0,
                      out=rf"(?s)^usage: scripts/workshop {name} .*Example: ", err="^$")
            if name != "bench":  # Google Benchmark answers
                self.ends("workshop", name, *["cpu"] * (name == "profile"), "v1-naive", "--frob",
                          status=2, err=r"^error: --frob: [^\n]*\n$")
            self.assertIn(f"  {name} ", workshop.overview())

    def test_an_unknown_command_is_refused_and_the_nearest_named(self):
        self.ends("workshop", "laod", status=2,
                  err=r"^error: laod: .*did you mean load\?\)\. Try ")
        self.ends("workshop", status=2, err="^error: nothing: ")

    def test_what_fails_leaves_the_earlier_result(self):
        results = [
            self.box.root / "build" / name
            for name in ("load/v1-naive/ab.txt", "bench/v1-naive.json",
                         "profiles/v1-naive/alloc-sites.txt")
        ]
        for result in results:
            result.parent.mkdir(parents=True)
            result.write_text("earlier", encoding="utf-8")
        self.ends("workshop", "load", "v1-naive", status=1,
                  err="Connection refused", FAKE_AB="error")
        self.ends("workshop", "bench", "v1-naive", "--benchmark_filter=nope", status=1,
                  err="no benchmark ran.*--benchmark_list_tests")
        (self.box.root / "build/v1-naive/CMakeFiles/stage-v1-naive.dir").mkdir(parents=True)
        self.ends("workshop", "alloc-sites", "v1-naive", status=1, err="no object files")
        self.assertEqual([result.read_text(encoding="utf-8") for result in results],
                         ["earlier"] * 3)


if __name__ == "__main__":
    unittest.main()
