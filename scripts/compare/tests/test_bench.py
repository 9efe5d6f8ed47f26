"""`make bench` on fake programs."""
import unittest

from base.tests.fake_tree import Commands


class Bench(Commands):
    def test_bench_passes_a_question_on_and_claims_no_result(self):
        code, out, err = self.box.run("workshop", "bench", "v1-naive", "--benchmark_list_tests")
        self.assertEqual((code, "Result:" in out), (0, False), out + err)

    def test_bench_refuses_a_debug_build(self):
        self.ends("workshop", "bench", "v1-naive", status=1, err="'Debug'.*make clean build",
                  FAKE_BUILD_TYPE="Debug")
        self.ends("workshop", "bench", "v1-naive", status=0,
                  out=r"Result: build/bench/v1-naive.json\nNext: ")


if __name__ == "__main__":
    unittest.main()
