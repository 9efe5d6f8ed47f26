"""`scripts/workshop compare` from outside, on fake programs: files, exit codes, refusals,
Ctrl-C."""
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import unittest

from base.errors import Failure
from base.tests.fake_tree import FakeTree, eventually, has_ended
from compare import history, slices

COMMAND = ("workshop", "compare", "--seconds", "1")
# The times of the fake benchmarks are drawn: a change and its bounds are some hundredths off.
ABOUT_80 = r"-(79\.[5-9]\d?|80\.[0-4]\d?)"


class Compare(unittest.TestCase):
    def setUp(self):
        self.box = self.enterContext(FakeTree())
        self.out = self.box.root / "build" / "compare"

    def fails(self, *command, saying, status=1, **extra):
        code, _, err = self.box.run(*command, **extra)
        self.assertEqual(code, status, err)
        lines = [line for line in err.splitlines() if line.startswith("error:")]
        self.assertEqual(len(lines), 1, err)
        self.assertRegex(lines[0], saying)

    def test_writes_tables_json_raw_slices_and_the_formats_of_other_tools(self):
        code, out, err = self.box.run(*COMMAND)
        self.assertEqual(code, 0, err)
        self.assertIn("$ build/bin/bench-v1-naive --slices", out)
        self.assertRegex(out, rf"Leftpad50 .*{ABOUT_80}% \[{ABOUT_80}, {ABOUT_80}\]")
        self.assertRegex(out, r"requests/s .*~ \[[^]]*\]  \(above .*% would have shown\)")
        self.assertRegex(out,
                         "Service: not decided between v1-naive and v2-optimized: .* most likely")
        self.assertRegex(out, r"Result: build/compare/compare\.json\nNext:   make \S+\n$")

        document = json.loads((self.out / "compare.json").read_text(encoding="utf-8"))
        self.assertEqual((document["schema"], document["old"]["commit"]), (2, "0123abc"))
        pairs = document["pairs"]["benchmarks"]  # more than the least where time allows
        self.assertGreaterEqual(min(pairs, document["pairs"]["service"]), 20)
        times = {
            entry["name"]: entry for entry in document["benchmarks"] if entry["metric"] == "time"
        }
        self.assertEqual(list(times),
                         ["TimedHandler", "LeftpadHandler", "Leftpad10", "Leftpad50", "StatsD"])
        for entry in times.values():
            self.assertLess(entry["low"], -0.8 + 0.005)
            self.assertLess(-0.81, entry["delta"])
            self.assertTrue(entry["low"] <= entry["delta"] <= entry["high"])
        exact = [entry for entry in document["benchmarks"] if entry["metric"] == "allocs"]
        self.assertEqual({(entry["old"], entry["new"], entry["exact"]) for entry in exact},
                         {(7, 1, True)})
        for side in ("old", "new"):
            text = (self.out / f"{side}.txt").read_text(encoding="utf-8")
            self.assertEqual(len(re.findall(r"^Benchmark.* ns/op", text, re.M)), 5 * pairs)
            self.assertIn("Unit allocs/op assume=exact\n", text)
            google = json.loads((self.out / f"{side}.json").read_text(encoding="utf-8"))
            self.assertEqual(len(google["benchmarks"]), 5 * pairs)
        raw = json.loads((self.out / "slices.json").read_text())
        self.assertEqual(len(raw["pairs"]), pairs)
        for side in ("old", "new"):  # slices of equal time
            for name, count in raw["iterations"][side].items():
                self.assertAlmostEqual(count * times[name][side], 450_000, delta=20_000)

    def test_names_that_other_tools_cannot_read_are_changed_for_them_only(self):
        code, out, err = self.box.run(*COMMAND, "--no-service", FAKE_NAMES="service|map<int, long>")
        self.assertEqual(code, 0, err)
        self.assertRegex(out, rf"map<int, long> .*{ABOUT_80}%")
        text = (self.out / "old.txt").read_text(encoding="utf-8")
        document = json.loads((self.out / "compare.json").read_text(encoding="utf-8"))
        self.assertEqual(len(re.findall(r"^BenchmarkMap<int,_long>\t", text, re.M)),
                         document["pairs"]["benchmarks"])
        self.assertIn("BenchmarkService\t", text)

    def test_two_benchmarks_of_one_name_are_refused(self):
        self.fails(*COMMAND, saying="benchmark Twice: .*more than one of that name",
                   FAKE_NAMES="Twice|Twice")

    def test_a_filter_chooses_benchmarks(self):
        code, out, err = self.box.run(*COMMAND, "--no-service", "--filter", "^Leftpad")
        self.assertEqual((code, "StatsD" in out, "Leftpad10" in out), (0, False, True), err)
        self.fails(*COMMAND, "--filter", "nope", saying="--filter nope: no name.*TimedHandler")
        self.fails(*COMMAND, "--filter", "(", saying="no regular expression", status=2)

    def test_prints_markdown_csv_or_json(self):
        _, out, _ = self.box.run(*COMMAND, "--no-service", "--markdown")
        self.assertNotIn("==>", out)
        self.assertRegex(out, rf"\| Leftpad50 \| \S+ \| \S+ \| {ABOUT_80}% [^|]+\|")
        _, out, _ = self.box.run(*COMMAND, "--no-service", "--csv")
        self.assertRegex(out, r"(?m)^Leftpad50,time,ns/op,[\d.]+,[\d.]+,-0\.[78]")
        _, out, _ = self.box.run(*COMMAND, "--no-service", "--json")
        self.assertEqual(json.loads(out)["schema"], 2)

    def test_fails_if_worse_only_where_it_is_sure(self):
        worse = ("workshop", "compare", "v2-optimized", "v1-naive", "--seconds", "1",
                 "--no-service")
        code, _, err = self.box.run(*worse, "--fail-if-worse", "10")
        self.assertEqual(code, 4, err)
        self.assertRegex(err, r"Leftpad50 time: \+\S+ \[.*\] is worse by more than 10%")
        code, _, err = self.box.run(*worse, "--fail-if-worse", "900")
        self.assertEqual(code, 0, err)
        for value in ("nan", "inf", "-1"):
            self.fails(*worse, "--fail-if-worse", value, saying="a number, 0 or more", status=2)

    def test_stacks_of_a_block_lie_in_one_place_and_no_side_is_always_first(self):
        record = self.box.root / "places"
        self.box.run(*COMMAND, "--no-service", FAKE_PLACES=str(record))
        lines = [line.split() for line in record.read_text(encoding="utf-8").splitlines()]
        slices = [(stage, place) for name, stage, place in lines if name == "Leftpad50"]
        of_a_pair = 2 + 6 * 4  # two to warm up, and six blocks of four
        pairs = [slices[start:start + of_a_pair]
                 for start in range(len(slices) - 20 * of_a_pair, len(slices), of_a_pair)]
        for pair in pairs:
            blocks = [[place for _, place in pair[at:at + 4]] for at in range(2, of_a_pair, 4)]
            self.assertEqual([len(set(block)) for block in blocks], [1] * 6)
            self.assertGreater(len({block[0] for block in blocks}), 1)
        for first in (0, 2):  # of warming up, of the blocks: one side alone once in 10^5 runs
            self.assertEqual(len({pair[first][0] for pair in pairs}), 2)

    def test_a_crash_in_the_middle_shows_and_keeps_what_is_known(self):
        code, out, err = self.box.run(*COMMAND, FAKE_CRASH=str(self.box.root / "crash"))
        self.assertEqual(code, 1, err)
        self.assertRegex(
            err, r"error: benchmark \S+ of bench-v2-optimized: killed by SIGSEGV.*compare/broken/")
        self.assertRegex(out, r"Estimated over 8 pairs")
        self.assertEqual((self.out / "compare.json").exists(), False)

    def test_a_stage_that_prints_among_the_figures_is_told_what_it_printed(self):
        program = self.box.root / "prints"
        program.write_text("#!/bin/sh\nread line; echo now I am here; sleep 60\n", encoding="utf-8")
        program.chmod(0o755)
        with slices.Worker(program) as worker, \
                self.assertRaisesRegex(Failure, "printed 'now I am here' where four numbers are"):
            worker.slice("Leftpad50", 1)

    def test_two_comparisons_do_not_write_into_one_folder(self):
        self.out.mkdir(parents=True)
        with (self.out / ".lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            self.fails(*COMMAND, saying="build/compare: another comparison is writing")

    def test_keeps_a_history(self):
        self.fails("workshop", "history", saying="history.jsonl: no comparison has been kept")
        for _ in range(2):
            self.box.run(*COMMAND, "--no-service")
        code, out, err = self.box.run("workshop", "history", "Leftpad50")
        self.assertEqual((code, len(out.splitlines())), (0, 3), err)
        self.assertRegex(out, r"v1-naive@0123abc \S+ +v2-optimized@0123abc \S+ "
                              rf"+{ABOUT_80}% \[")
        self.fails("workshop", "history", "Nope",
                   saying="Nope: no comparison has that row; .*Leftpad50")
        self.fails("workshop", "history", "Leftpad50", "--metric", "size",
                   saying="--metric size: no comparison has it of Leftpad50; .*allocs, bytes, time")
        with open(self.out / "history.jsonl", "a", encoding="utf-8") as file:
            file.write('{"schema": 2, "da')
        code, out, err = self.box.run("workshop", "history", "Leftpad50")
        self.assertEqual((code, len(out.splitlines())), (0, 3), err)
        self.assertIn("history.jsonl:3: unreadable, left out", err)
        history.keep(self.out, {"schema": 2, "date": "later", "old": {}, "new": {},
                                "benchmarks": [], "service": []})
        lines = (self.out / "history.jsonl").read_text(encoding="utf-8").splitlines()
        self.assertEqual((len(lines), json.loads(lines[-1])["date"]), (4, "later"))

    def test_refuses_an_unknown_stage_and_names_the_nearest(self):
        self.fails("workshop", "compare", "v1-naiv",
                   saying="'v1-naiv'.*v1-naive, v2-optimized.*Did you mean v1-naive")

    def test_refuses_a_debug_build(self):
        self.fails(*COMMAND, saying="'Debug'.*make clean build", FAKE_BUILD_TYPE="Debug")

    def test_refuses_what_is_not_built(self):
        (self.box.root / "build/bin/leftpad-v2-optimized").unlink()
        self.fails(*COMMAND, saying="build/bin/leftpad-v2-optimized.*make build")

    def test_refuses_wrong_options(self):
        self.fails("workshop", "compare", "--seconds", "x", status=2,
                   saying="--seconds x: the value must be a number")
        for command in (("--frob",), ("--seconds",), ("a", "b", "c"),
                        ("--seconds", "0"), ("--csv", "--json")):
            self.fails("workshop", "compare", *command, saying="--help", status=2)

    def test_says_where_it_cannot_write(self):
        self.fails(*COMMAND, "--out", "build/bin/bench-v1-naive/x",
                   saying="Not a directory")

    def test_removes_nothing_but_its_own_results(self):
        kept = self.box.root / "mine" / "raw" / "notes.txt"
        kept.parent.mkdir(parents=True)
        kept.write_text("mine", encoding="utf-8")
        self.fails(*COMMAND, "--out", "mine", saying="Failed", FAKE_AB="failed")
        self.assertTrue(kept.exists())

    def test_failed_requests_fail_the_comparison(self):
        self.fails(*COMMAND, saying="Failed requests: 3", FAKE_AB="failed")
        self.fails(*COMMAND, saying="Non-2xx", FAKE_AB="non2xx")
        self.fails(*COMMAND, saying="Connection refused", FAKE_AB="error")

    def test_a_service_that_does_not_start_fails_the_comparison(self):
        self.fails(*COMMAND, saying="port 1: it is in use", FAKE_SERVICE="dies")

    def test_a_comparison_that_fails_leaves_the_earlier_one(self):
        self.out.mkdir(parents=True)
        earlier = [self.out / name for name in ("compare.json", "compare.txt", "slices.json")]
        for path in earlier:
            path.write_text("{}", encoding="utf-8")
        self.fails(*COMMAND, saying="Failed", FAKE_AB="failed")
        self.assertEqual([path.read_text(encoding="utf-8") for path in earlier], ["{}"] * 3)
        self.assertEqual(sorted(path.name for path in self.out.iterdir()),
                         [".lock", "broken", "compare.json", "compare.txt", "slices.json"])

    def interrupt(self, number, ready, **extra):
        child = self.box.start(*COMMAND, **extra)
        try:
            eventually(ready)
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
        self.assertTrue(has_ended(pid_file.read_text(), 0))

    def test_a_signal_ends_service_and_load_and_removes_temporary_files(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            pids = self.box.root / f"pids-{number}"
            code = self.interrupt(number, lambda: pids.exists() and pids.read_text(),
                                  FAKE_PIDS=str(pids), FAKE_AB="hang")
            self.assertEqual(code, 128 + number)
            for pid in pids.read_text().split():
                self.assertTrue(has_ended(pid, 0))
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
        self.assertTrue(has_ended(done.stdout, 0))


if __name__ == "__main__":
    unittest.main()
