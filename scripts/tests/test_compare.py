"""`make compare` from outside, on fake programs: files, exit codes, refusals, Ctrl-C."""
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest

from base.tests.sandbox import Sandbox, alive

PAIRS = ("--pairs", "16")


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("waited too long")
        time.sleep(0.02)


class Compare(unittest.TestCase):
    def setUp(self):
        self.box = self.enterContext(Sandbox())
        self.out = self.box.root / "build" / "compare"

    def fails(self, *command, saying, status=1, **extra):
        code, _, err = self.box.run(*command, **extra)
        self.assertEqual(code, status, err)
        lines = [line for line in err.splitlines() if line.startswith("error:")]
        self.assertEqual(len(lines), 1, err)
        self.assertRegex(lines[0], saying)

    def test_writes_tables_json_raw_runs_and_the_go_format(self):
        code, out, err = self.box.run("workshop", "compare", *PAIRS)
        self.assertEqual(code, 0, err)
        self.assertIn("$ build/bin/bench-v1-naive --benchmark_min_time", out)
        self.assertRegex(out, r"Leftpad50 .*-\d\d\.\d\d%  \(p=0\.000 n=16\+16\)")
        self.assertRegex(out, r"requests/s .* ~ ")
        self.assertRegex(out, r"Result: build/compare/compare\.json\nNext:   make \S+\n$")

        document = json.loads((self.out / "compare.json").read_text(encoding="utf-8"))
        times = {
            entry["name"]: entry for entry in document["benchmarks"] if entry["metric"] == "time"
        }
        self.assertEqual(list(times),
                         ["TimedHandler", "LeftpadHandler", "Leftpad10", "Leftpad50", "StatsD"])
        for entry in times.values():
            self.assertEqual(entry["unit"], "ns/op")
            self.assertLess(entry["p"], 0.01)
            self.assertAlmostEqual(entry["delta"], entry["new"] / entry["old"] - 1)
        self.assertEqual({entry["metric"] for entry in document["benchmarks"]},
                         {"time", "bytes", "allocs"})
        throughput = document["service"][0]
        self.assertEqual(throughput["metric"], "requests_per_second")
        self.assertAlmostEqual(throughput["ratio"], throughput["new"] / throughput["old"])
        self.assertTrue({"cpu", "cpus", "kernel", "commit"} <= document["machine"].keys())
        self.assertEqual(document["build"]["old"]["flags"], "-O2")
        for side in ("old", "new"):
            lines = re.findall(r"^Benchmark.* ns/op",
                               (self.out / f"{side}.txt").read_text(encoding="utf-8"), re.M)
            self.assertEqual(len(lines), 5 * 16)
            self.assertEqual(len(list((self.out / "raw").glob(f"bench-*-{side}.json"))), 16)
            self.assertEqual(len(list((self.out / "raw").glob(f"ab-[0-9]*-{side}.csv"))), 16)

    def test_reports_no_difference_between_a_stage_and_itself(self):
        code, out, err = self.box.run("workshop", "compare", "v1-naive", "v1-naive", *PAIRS)
        self.assertEqual(code, 0, err)
        rows = [line for line in out.splitlines() if re.search(r"n=16\+16\)$|^\[Geo mean\]", line)]
        self.assertEqual(len(rows), 5 * 3 + 3 + 4)
        for row in rows:
            self.assertRegex(row, r" ~( |$)")

    def test_refuses_an_unknown_stage_and_names_the_nearest(self):
        self.fails("workshop", "compare", "v1-naiv",
                   saying="'v1-naiv'.*v1-naive, v2-optimized.*Did you mean v1-naive")

    def test_refuses_a_debug_build(self):
        self.fails("workshop", "compare", saying="'Debug'.*make clean build", FAKE_BUILD_TYPE="Debug")

    def test_refuses_what_is_not_built(self):
        (self.box.root / "build/bin/leftpad-v2-optimized").unlink()
        self.fails("workshop", "compare", saying="build/bin/leftpad-v2-optimized.*make build")

    def test_refuses_wrong_options(self):
        for command in (("--frob",), ("--pairs", "x"), ("--pairs",), ("a", "b", "c")):
            self.fails("workshop", "compare", *command, saying="--help", status=2)
        self.fails("workshop", "compare", "--pairs", "3", saying="at least 16")

    def test_says_where_it_cannot_write(self):
        self.fails("workshop", "compare", *PAIRS, "--out", "build/bin/bench-v1-naive/x",
                   saying="Not a directory")

    def test_removes_nothing_but_its_own_results(self):
        kept = self.box.root / "mine" / "raw" / "notes.txt"
        kept.parent.mkdir(parents=True)
        kept.write_text("mine", encoding="utf-8")
        self.fails("workshop", "compare", *PAIRS, "--out", "mine", saying="Failed", FAKE_AB="failed")
        self.assertTrue(kept.exists())

    def test_failed_requests_fail_the_comparison(self):
        self.fails("workshop", "compare", *PAIRS, saying="Failed requests: 3", FAKE_AB="failed")
        self.fails("workshop", "compare", *PAIRS, saying="Non-2xx", FAKE_AB="non2xx")
        self.fails("workshop", "compare", *PAIRS, saying="Connection refused", FAKE_AB="error")

    def test_a_service_that_does_not_start_fails_the_comparison(self):
        self.fails("workshop", "compare", *PAIRS, saying="port 1: it is in use", FAKE_SERVICE="dies")

    def test_a_comparison_that_fails_leaves_the_earlier_one(self):
        (self.out / "raw").mkdir(parents=True)
        earlier = [
            self.out / name for name in ("compare.json", "compare.txt", "raw/bench-01-old.json")
        ]
        for path in earlier:
            path.write_text("{}", encoding="utf-8")
        self.fails("workshop", "compare", *PAIRS, saying="Failed", FAKE_AB="failed")
        self.assertEqual([path.read_text(encoding="utf-8") for path in earlier], ["{}"] * 3)
        self.assertEqual(sorted(path.name for path in self.out.iterdir()),
                         ["compare.json", "compare.txt", "raw"])

    def interrupt(self, number, ready, **extra):
        child = self.box.start("workshop", "compare", *PAIRS, **extra)
        try:
            wait_for(ready)
            os.kill(child.pid, number)
            child.communicate(timeout=20)
        finally:
            child.kill()
        return child.returncode

    def test_a_signal_ends_the_benchmark_too(self):
        pid_file = self.box.root / "pid"
        code = self.interrupt(signal.SIGINT, lambda: pid_file.exists() and pid_file.read_text(),
                              FAKE_HANG=str(pid_file))
        self.assertEqual(code, 130)
        self.assertFalse(alive(int(pid_file.read_text())))

    def test_a_signal_ends_service_and_load_and_removes_temporary_files(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            pids = self.box.root / f"pids-{number}"
            code = self.interrupt(number, lambda: pids.exists() and pids.read_text(),
                                  FAKE_PIDS=str(pids), FAKE_AB="hang")
            self.assertEqual(code, 128 + number)
            for pid in pids.read_text().split():
                self.assertFalse(alive(int(pid)))
            self.assertEqual(list((self.box.root / "temp").iterdir()), [])

    def test_a_signal_while_a_child_starts_ends_the_child(self):
        script = """
import os, signal, subprocess, sys
from base import children

class Interrupted(subprocess.Popen):
    def __init__(self, *command, **options):
        super().__init__(*command, **options)
        print(self.pid, flush=True)
        os.kill(os.getpid(), signal.SIGTERM)  # the caller does not know the child yet

children.start(["true"])
subprocess.Popen = Interrupted
with children.no_survivors():
    children.start(["sleep", "60"], sys.stdout)
"""
        done = subprocess.run([sys.executable, "-c", script], cwd=self.box.root / "scripts",
                              stdout=subprocess.PIPE, text=True, timeout=30)
        self.assertEqual(done.returncode, 128 + signal.SIGTERM)
        self.assertFalse(alive(int(done.stdout)))


if __name__ == "__main__":
    unittest.main()
