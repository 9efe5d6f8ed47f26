"""Inputs, attribution, findings and figures: the parts of the report that need no browser."""
import json
import math
import os
import re
import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import workshop
from base.errors import Failure
from base.paths import ROOT
from base.raw import Frame
from flame import numbers, page
from report import (attribution, callgraph, charts, findings, inputs, profile_view, service_view,
                    sources)
from report.tests import fixture, made, profile_writer


class Attribution(unittest.TestCase):
    STACK = [
        Frame("serve", "/x/common/app/server/a.cpp", 1),
        Frame("handler", "/x/v1-naive/handlers.cpp", 2),
        Frame("service::leftpad", "/x/v1-naive/leftpad.cpp", 3),
        Frame("std::operator+", "/usr/include/string", 4)
    ]

    def test_library_frames_belong_to_their_caller_in_the_stage(self):
        self.assertEqual(attribution.component(self.STACK), "leftpad")
        self.assertEqual(attribution.function(self.STACK), "leftpad")

    def test_samples_without_a_frame_of_the_stage_are_the_servers(self):
        self.assertEqual(attribution.component(self.STACK[:1]), attribution.SERVER)

    def test_profiler_frames_are_nobodys_function(self):
        lock = Frame("pprof::Mutex::unlock", "/x/common/pprof/include/pprof/mutex.h", 9)
        self.assertEqual(attribution.function([*self.STACK[:2], lock]), "handler")


class Inputs(unittest.TestCase):
    def test_reads_stages_requests_and_values(self):
        data = made.data()
        self.assertEqual((data.old, data.new), (fixture.OLD, fixture.NEW))
        capture = data.captures["old", "allocs"]
        self.assertEqual(capture.requests, 1000)
        self.assertEqual(attribution.sums(capture, "alloc_objects")["leftpad"].value, 35000)

    def test_latency_has_every_percent_below_a_hundred(self):
        latency = made.data().latency
        self.assertEqual(list(latency["old"]), list(range(1, 100)))
        self.assertLess(latency["new"][50], latency["old"][50])

    def test_a_comparison_of_another_schema_is_not_used(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "compare.json").write_text('{"schema": 1, "service": []}')
            self.assertIsNone(inputs.read(Path(folder), Path(folder)).comparison)

    def test_nothing_there_is_no_error(self):
        with tempfile.TemporaryDirectory() as empty:
            data = inputs.read(Path(empty), Path(empty))
        self.assertIsNone(data.comparison)
        self.assertEqual(data.captures, {})
        self.assertEqual({each.met for each in findings.judge(data)}, {None})

    def test_unreadable_files_count_as_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, fixture.OLD)
            place.mkdir()
            (place / "cpu.pb.gz").write_bytes(b"no profile")
            Path(folder, "compare.json").write_text("{")
            data = inputs.read(Path(folder), Path(folder))
        self.assertIsNone(data.comparison)
        self.assertEqual(data.captures, {})

    def test_a_comparison_of_other_stages_is_not_used(self):
        data = inputs.read(made.folder() / "compare",
                           made.folder() / "profiles", fixture.OLD, "v3-mine")
        self.assertIsNone(data.comparison)


class Findings(unittest.TestCase):
    def swapped(self):
        """The fixture with old and new exchanged: everything the article finds is wrong there."""
        data = made.data()
        data.captures = {({"old": "new", "new": "old"}[side], kind): capture
                         for (side, kind), capture in data.captures.items()}
        for row in data.comparison["benchmarks"] + data.comparison["service"]:
            row["old"], row["new"] = row["new"], row["old"]
        return data

    def test_met_by_the_fixture(self):
        self.assertEqual([each.met for each in findings.judge(made.data())], [True] * 5)

    def test_not_met_when_nothing_improved(self):
        self.assertEqual([each.met for each in findings.judge(self.swapped())], [False] * 5)

    def test_noise_leaves_throughput_undecided(self):
        data = made.data()
        data.comparison["service"][0]["differs"] = False
        self.assertEqual(findings.judge(data)[-1].verdict, "undecided")

    def test_exit_status_tells(self):
        place = made.folder()
        arguments = ["--compare", str(place / "compare"), "--profiles", str(place / "profiles")]
        self.assertEqual(workshop.main(["findings", *arguments]), 0)
        self.assertEqual(workshop.main(["findings", fixture.NEW, fixture.OLD, *arguments]), 1)

    def test_a_stage_that_is_not_there_is_refused(self):
        for command in ("findings", "report"):
            with self.assertRaisesRegex(Failure, "stage 'v9-none': no such stage"):
                workshop.main([command, "v9-none"])

    def test_the_remedy_measures_both_stages(self):
        with tempfile.TemporaryDirectory() as empty:
            data = inputs.read(Path(empty), Path(empty), fixture.OLD, "v3-mine")
            again = Path(empty, "again")
            workshop.main(["findings", "--compare", empty, "--profiles", empty, "--again",
                           str(again), fixture.NEW, fixture.OLD])
            self.assertEqual(again.read_text(encoding="utf-8").splitlines()[:2], [
                f"make profile-cpu STAGE={stage}" for stage in (fixture.NEW, fixture.OLD)])
        found = findings.judge(data)
        self.assertEqual(found[0].command, "make profile-cpu STAGE=v1-naive && "
                                           "make profile-cpu STAGE=v3-mine")
        self.assertEqual(found[-1].command, "make compare OLD=v1-naive NEW=v3-mine")


class Views(unittest.TestCase):
    def test_components_are_per_request_and_ordered(self):
        view = profile_view.components(made.data(), "cpu", "cpu", "ns")
        self.assertEqual([row["key"] for row in view["rows"]],
                         ["leftpad", "statsd", "logger", "handlers", "server"])
        self.assertEqual(view["rows"][2]["old"].replace(numbers.THIN, " "), "900 µs")

    def test_every_change_has_its_interval_or_is_none(self):
        view = profile_view.components(made.data(), "cpu", "cpu", "ns")
        changes = {row["key"]: row["change"].replace(numbers.THIN, " ") for row in view["rows"]}
        # 70 samples against 4, and 10 against 8.
        self.assertRegex(changes["statsd"], r"^−94 % \[−9\d\.\d, −\d\d\]$")
        self.assertEqual(changes["handlers"], "~")
        self.assertEqual(view["samples"], ["375", "299"])

    def test_a_stage_without_any_sample_is_compared_per_request_too(self):
        data = made.data()
        data.captures["new", "mutex"].profile.samples.clear()
        view = profile_view.functions(data, "mutex", "delay", "ns")
        self.assertRegex(view["change"].replace(numbers.THIN, " "), r"^−100 % \[−100, −9\d")
        self.assertEqual((view["per_request"], view["new"][0]), (True, "0"))
        self.assertEqual(service_view.tiles(data)[-1]["change"], view["change"])

    def test_no_page_shows_a_signed_per_cent_alone(self):
        text = made.fixture_page().read_text(encoding="utf-8")
        cell = r'class="(?:change|tile-change)[^>]*>([^<]+)</span>(.{0,400}?)</(?:td|li)>'
        figures = re.findall(cell, text, re.DOTALL)
        signed = [(figure, rest) for figure, rest in figures if figure[0] in "+−"]
        self.assertGreater(len(signed), 10)
        for figure, rest in signed:
            self.assertRegex(rest, r"\[[−+\d].*\]|\[[−+\d].* at 99%|noise|counted", figure)

    def test_functions_lead_with_the_largest(self):
        self.assertEqual(
            profile_view.functions(made.data(), "allocs", "alloc_objects", "")["rows"][0]["name"],
            "StatsD::send")

    def test_flame_tree_holds_both_stages(self):
        graph = profile_view.flame(made.data(), "allocs", "alloc_objects", "x")
        root = graph["data"]["root"]
        self.assertEqual((root["o"], root["v"], graph["data"]["unit"]), (129, 26, "objects"))
        nodes = [root]
        for node in nodes:
            nodes += node["c"]
        self.assertEqual({node["k"] for node in nodes if node["n"]
                         == "service::leftpad"}, {"leftpad"})

    def test_every_section_names_a_chapter_and_a_lab_that_exist(self):
        for title, address in sources.lessons(ROOT / "build" / "report" / "index.html").values():
            self.assertTrue(title)
            self.assertTrue((ROOT / "build" / "report" / address).resolve().is_file(), address)
        labs = {int(path.parent.name)
                for path in ROOT.glob("docs/labs/*/lab.json")}
        self.assertLessEqual({number for number, _ in sources.LABS.values()}, labs)

    def test_headline_and_its_interval_are_one_estimate(self):
        data = made.data()
        data.comparison["service"][0].update(old=100.0, new=145.0, delta=0.39, differs=True)
        title, sentence = service_view.headline(data)
        self.assertIn("1.39×", title)
        self.assertIn("+39", sentence)

    def test_headline_says_when_nothing_differs(self):
        data = made.data()
        row = data.comparison["service"][0]
        row["differs"] = False
        title, sentence = service_view.headline(data)
        self.assertRegex(title, "handler of v2-optimized is 2[.].*×")
        self.assertRegex(sentence, "not decided.* would have shown")
        for each in data.comparison["benchmarks"]:
            each["differs"] = False
        title, sentence = service_view.headline(data)
        self.assertIn("No difference is proven", title)
        self.assertIn("would have shown", sentence)


class Charts(unittest.TestCase):
    def test_ticks_are_round_and_have_room(self):
        for top in (0.7, 1, 9, 35156, 40001, 99999):
            ticks = charts.linear_ticks(top)
            self.assertGreaterEqual(len(ticks), 3)
            self.assertLessEqual(ticks[-1], top)
            self.assertGreaterEqual(ticks[1] - ticks[0], charts.APART * top)
        for low, high in ((0.02, 5), (0.1, 1), (0.2, 0.9), (0.15, 400), (1e-3, 1e4), (0.29, 0.41)):
            ticks = charts.log_ticks(low, high)
            places = [math.log(tick / low) / math.log(high / low) for tick in ticks]
            self.assertGreaterEqual(len(ticks), 2, (low, high))
            gaps = [b - a for a, b in zip(places, places[1:])]
            self.assertGreaterEqual(min(gaps), charts.APART - 1e-9, ticks)


class CallGraph(unittest.TestCase):
    def test_has_no_script_and_own_ids(self):
        svg = callgraph.draw(made.data().captures["old", "cpu"], "cpu", "one", "what it shows")
        self.assertIn('aria-label="what it shows"', svg)
        self.assertIn('id="one-node1"', svg)
        for word in ("<script", "onload", "xlink", "File:"):
            self.assertNotIn(word, svg)

    def test_without_graphviz_there_is_none_and_the_page_says_how_to_get_it(self):
        with tempfile.TemporaryDirectory() as tools, mock.patch.dict(os.environ, PATH=tools):
            Path(tools, "bash").symlink_to("/usr/bin/bash")
            page_without = made.make(Path(tools, "index.html")).read_text(encoding="utf-8")
        self.assertIn("<code>make report</code> installs Graphviz", page_without)
        self.assertNotIn("installs Graphviz", made.fixture_page().read_text(encoding="utf-8"))

    def test_no_sample_below_the_handler_gives_none_and_the_page_says_nothing_of_graphviz(self):
        with tempfile.TemporaryDirectory() as other:
            shutil.copytree(made.folder(), other, dirs_exist_ok=True)
            for stage in (fixture.OLD, fixture.NEW):
                Path(other, "profiles", stage, "cpu.pb.gz").write_bytes(profile_writer.profile(
                    (("samples", "count"), ("cpu", "nanoseconds")),
                    [((9, 90_000_000), (("start_thread", "/src/nptl.c", 1),))]))
            text = made.make(Path(other, "index.html"), Path(other, "compare"),
                             Path(other, "profiles")).read_text(encoding="utf-8")
        self.assertNotIn("installs Graphviz", text)

    def test_unreadable_profile_gives_none(self):
        capture = made.data().captures["old", "cpu"]
        with tempfile.NamedTemporaryFile(suffix=".pb.gz") as file:
            self.assertIsNone(
                callgraph.draw(inputs.Capture(file.name, "x", "cpu", capture.profile), "cpu", "one",
                               "x"))


class Page(unittest.TestCase):
    def test_data_cannot_end_its_script(self):
        self.assertEqual(json.loads(page.as_json("</script>")), "</script>")
        self.assertNotIn("</script", page.as_json("</script>"))

    def test_is_one_file_without_addresses_to_load_from(self):
        text = made.fixture_page().read_text(encoding="utf-8")
        for word in (' src="', "@import", 'rel="stylesheet"', "url(http"):
            self.assertNotIn(word, text)

    def test_empty_folders_make_a_page_that_says_what_to_run(self):
        with tempfile.TemporaryDirectory() as empty:
            text = made.make(Path(empty, "index.html"), empty, empty).read_text(encoding="utf-8")
        for command in ("make compare", "make profile-cpu", "make profile-allocs",
                        "make profile-mutex", "make profile-threads"):
            self.assertIn(f"$ {command}", text)

    def test_a_stage_name_in_a_profile_is_escaped(self):
        with tempfile.TemporaryDirectory() as other:
            shutil.copytree(made.folder(), other, dirs_exist_ok=True)
            sites = Path(other, "profiles", fixture.OLD, "alloc-sites.txt")
            sites.write_text("<b>std::vector<int></b>")
            text = made.make(Path(other, "index.html"), Path(other, "compare"),
                             Path(other, "profiles")).read_text(encoding="utf-8")
        self.assertIn("&lt;b&gt;std::vector&lt;int&gt;", text)


if __name__ == "__main__":
    unittest.main()
