"""What is read (Google Benchmark, ab) and what is written (tables, the Go benchmark format)."""
import contextlib
import io
import json
import re
import unittest

from base import ab, console, machine, turns
from base.errors import Failure
from compare import gbench, gobench, stats, tables

AB_REPORT = """\
Concurrency Level:      8
Complete requests:      20000
Failed requests:        0
Keep-Alive requests:    20000
Requests per second:    24310.55 [#/sec] (mean)
Time per request:       0.329 [ms] (mean)
Time per request:       0.041 [ms] (mean, across all concurrent requests)
"""
AB_PERCENTILES = "Percentage served,Time in ms\n0,0.1\n50,0.301\n99,0.812\n"


def entry(name, time, unit="ns", family=0, **extra):
    return {
        "name": name, "run_name": name, "run_type": "iteration", "family_index": family,
        "iterations": 10, "real_time": time, "time_unit": unit, "B/op": 40, "allocs/op": 1, **extra
    }


def document(*entries):
    return json.dumps({"context": {"build_type": "Release"}, "benchmarks": entries})


class GoogleBenchmark(unittest.TestCase):
    def test_takes_the_median_of_the_repetitions_in_nanoseconds(self):
        _, samples = gbench.parse(
            document(entry("A", 1, "us"), entry("A", 9, "us"), entry("A", 2, "us")))
        self.assertEqual(samples["A"], gbench.Sample(10, 2000.0, 40.0, 1.0))

    def test_keeps_the_order_of_the_source_and_skips_aggregates(self):
        _, samples = gbench.parse(
            document(entry("B", 1, family=1), entry("A", 1), entry("A_mean", 1,
                                                                   run_type="aggregate")))
        self.assertEqual(list(samples), ["A", "B"])

    def test_refuses_what_is_no_measurement(self):
        for text in ("", "[]", "{}",
                     document(entry("A", 1, error_occurred=True, error_message="boom"))):
            with self.assertRaises(Failure):
                gbench.parse(text)

    def test_refuses_a_missing_counter_by_name(self):
        broken = entry("A", 1)
        del broken["B/op"]
        with self.assertRaisesRegex(Failure, "B/op"):
            gbench.parse(document(broken))

    def test_refuses_a_debug_build_and_one_that_does_not_say(self):
        gbench.require_release({"build_type": "RelWithDebInfo"}, "bench")
        for context in ({"build_type": "Debug"}, {}):
            with self.assertRaisesRegex(Failure, "make clean build"):
                gbench.require_release(context, "bench")


class ApacheBench(unittest.TestCase):
    def test_reads_throughput_mean_and_percentiles(self):
        self.assertEqual(
            ab.parse(AB_REPORT, AB_PERCENTILES), {
                "requests": 20000, "requests_per_second": 24310.55, "mean_ms": 0.329,
                "p50_ms": 0.301, "p99_ms": 0.812
            })

    def test_one_failed_request_fails_the_run(self):
        with self.assertRaisesRegex(Failure, "Failed requests: 1 of 20000"):
            ab.parse(AB_REPORT.replace("Failed requests:        0", "Failed requests:        1"),
                     AB_PERCENTILES)

    def test_answers_other_than_2xx_fail_the_run(self):
        with self.assertRaisesRegex(Failure, "Non-2xx responses: 20000"):
            ab.parse(AB_REPORT + "Non-2xx responses:      20000\n", AB_PERCENTILES)

    def test_a_cut_report_or_table_fails_the_run(self):
        for report, table in (("", AB_PERCENTILES), (AB_REPORT, ""),
                              (AB_REPORT.replace("Time per", "T"), AB_PERCENTILES)):
            with self.assertRaises(Failure):
                ab.parse(report, table)


class GoFormat(unittest.TestCase):
    def test_each_run_is_a_line_that_benchstat_reads(self):
        sample = gbench.Sample(5000, 81234.567, 1440.0, 36.0)
        text = gobench.render({"goarch": "amd64", "cpu": "Fast 1"},
                              [{"Leftpad50": sample}, {"Leftpad50": sample}])
        head, body = text.split("\n\n")
        self.assertEqual(head.splitlines(),
                         ["goos: linux", "goarch: amd64", "pkg: leftpad", "cpu: Fast 1"])
        for line in body.splitlines():
            self.assertRegex(
                line, r"^BenchmarkLeftpad50\s+5000\s+81234\.57 ns/op\s+1440 B/op\s+36 allocs/op$")
        self.assertEqual(len(body.splitlines()), 2)


class Tables(unittest.TestCase):
    def verdicts(self, old, new):
        rows = [
            stats.Row(name, "time", "ns/op", tuple(old * (1 + i / 1000)
                                                   for i in range(20)),
                      tuple(new * (1 + i / 1000)
                            for i in range(20)))
            for name in ("Leftpad50", "StatsD")
        ]
        return stats.judge(rows)

    def test_look_like_benchstats(self):
        lines = tables.benchmark_table("time", self.verdicts(2300.0, 57.0))
        self.assertEqual(re.split(r"\s{2,}", lines[0]),
                         ["name", "old time/op", "new time/op", "delta"])
        self.assertRegex(
            lines[1], r"^Leftpad50 +2\.32µs ± 0% +57\.5ns ± 0% +-97\.52% +\(p=0\.000 n=20\+20\)$")
        self.assertRegex(lines[3], r"^\[Geo mean\] +2\.32µs +57\.5ns +-97\.52%$")

    def test_show_a_tilde_in_every_row_when_nothing_differs(self):
        for line in tables.benchmark_table("time", self.verdicts(2300.0, 2300.0))[1:]:
            self.assertIn(" ~", line)
            self.assertNotIn("%  (", line)

    def test_scale_figures_to_three_digits(self):
        for value, unit, shown in ((2300, "ns/op", "2.30µs"), (57.04, "ns/op", "57.0ns"),
                                   (1440, "B/op", "1.44kB"), (36, "allocs/op", "36"),
                                   (5.125, "allocs/op", "5.12"), (24310, "req/s", "24.3k"),
                                   (0.329, "ms", "0.329ms"), (999.96, "ns/op",
                                                              "1000ns"), (0, "B/op", "0B")):
            self.assertEqual(tables.figure(value, unit), shown)


class Order(unittest.TestCase):
    def setUp(self):
        self.enterContext(contextlib.redirect_stderr(io.StringIO()))

    def test_is_a_b_b_a(self):
        seen = []
        turns.interleave("test", 16, 100, lambda side, pair: seen.append(side))
        self.assertEqual(seen[:8], ["old", "new", "new", "old"] * 2)
        self.assertEqual(len(seen), 32)

    def test_ends_early_after_an_even_number_of_pairs_when_time_runs_out(self):
        now = [0.0]

        def measure(_side, _pair):
            now[0] += 1.0

        results = turns.interleave("test", 24, 39, measure, clock=lambda: now[0])
        self.assertEqual([len(results[side]) for side in turns.SIDES], [18, 18])

    def test_never_makes_fewer_pairs_than_the_statistics_need(self):
        results = turns.interleave("test", 20, 0, lambda side, pair: None)
        self.assertEqual(len(results["old"]), turns.PAIRS_MINIMUM)


class ProgressLines(unittest.TestCase):
    def test_outside_a_terminal_are_few_and_plain(self):
        stream = io.StringIO()
        shown = console.Bar("benchmarks", 20, stream, clock=lambda: 0.0)
        for _ in range(20):
            shown.step()
        self.assertEqual(len(stream.getvalue().splitlines()), 4)
        self.assertNotIn("\r", stream.getvalue())


class Machine(unittest.TestCase):
    def test_noise_names_its_remedy(self):
        facts = {"cpus": 1, "governor": "powersave", "turbo": "on", "virtual": False}
        found = machine.warnings(facts, (0.8, 0.1))
        self.assertEqual(len(found), 5)
        self.assertIn("cpupower", " ".join(found))

    def test_a_quiet_machine_has_no_warning(self):
        facts = {"cpus": 2, "governor": "performance", "turbo": "off", "virtual": True}
        self.assertEqual(machine.warnings(facts, (0.01, 0.0)), [])


if __name__ == "__main__":
    unittest.main()
