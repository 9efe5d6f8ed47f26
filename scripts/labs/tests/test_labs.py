"""The grader, tested as a product: what is INVALID, what is SKIPPED, and what never changes. No program is built."""
import contextlib
import io
import json
import math
import os
import re
import shlex
import signal
import subprocess
import tarfile
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import numpy as np

from compare import stats
from labs import (amdahl, bugs, catalog, commands, forge, grader, instructions, mutations, noise, paths, prediction, probes, progress, running, screen,
                  starters, submission, suite, timing, views)
from labs.grader import FAIL, INVALID, PASS, SKIPPED, Result
from lib.errors import Failure

HEADINGS = ("The symptom", "Predict", "Look", "Fix", "Check", "Hints", "What the other views show")


class FakeLab:
    number, title, stage, data = 1, "A lab", "v3-lab", {}

    def __init__(self, *budgets):
        self.budgets = budgets


class Forge:
    def build(self, _stage, kind):
        return kind


def graded(budgets, measure, failing=(), unavailable=None):
    def group(_programs):
        if unavailable:
            raise probes.Unavailable(unavailable)
        return measure()
    with mock.patch.object(suite, "contract", lambda _p: list(failing)), \
            mock.patch.object(suite, "over_http", lambda _p: []), \
            mock.patch.dict(probes.GROUPS, {"g": group}):
        return grader.Grader(Forge()).grade(FakeLab(*budgets), Path("stage"))


BUDGET = {"metric": "g:x", "max": 3, "next": "do less"}


class Verdicts(unittest.TestCase):
    def test_within_the_budget_passes(self):
        results = graded([BUDGET], lambda: {"x": 3})
        self.assertEqual(grader.verdict_of(results), PASS)

    def test_beyond_the_budget_fails_and_says_what_to_do(self):
        results = graded([BUDGET], lambda: {"x": 4})
        self.assertEqual((results[-1].status, results[-1].next), (FAIL, "do less"))
        self.assertEqual(grader.verdict_of(results), FAIL)

    def test_two_measurements_that_disagree_are_invalid_not_failed(self):
        values = iter((3, 4))
        results = graded([BUDGET], lambda: {"x": next(values)})
        self.assertEqual(grader.verdict_of(results), INVALID)

    def test_wrong_behaviour_fails_and_its_speed_is_not_judged(self):
        results = graded([BUDGET], lambda: {"x": 0}, failing=["Leftpad.Pads"])
        self.assertEqual([r.status for r in results], [FAIL, SKIPPED])
        self.assertIn("Leftpad.Pads", results[0].next)

    def test_a_missing_tool_skips_and_names_the_command_that_installs_it(self):
        results = graded([BUDGET], dict, unavailable="strace is not installed: apt-get install strace")
        self.assertEqual(grader.verdict_of(results), SKIPPED)
        self.assertIn("apt-get install strace", results[-1].next)

    def test_a_missing_tool_with_a_fallback_is_judged_by_the_fallback(self):
        with mock.patch.dict(probes.FALLBACKS, {"g": ("other", "y")}), \
                mock.patch.dict(probes.GROUPS, {"other": lambda _p: {"y": 1}}):
            results = graded([BUDGET], dict, unavailable="no tool")
        self.assertEqual((results[-1].name, results[-1].status), ("y", FAIL))

    def test_a_service_that_breaks_off_fails(self):
        def broken():
            raise ConnectionError
        results = graded([BUDGET], broken)
        self.assertEqual((results[-1].status, results[-1].value), (FAIL, "absent"))

    def test_a_stage_that_hangs_under_callgrind_fails_and_a_slow_machine_is_no_fault_of_it(self):
        lab = mock.Mock(data={"instructions": {"operation": "X", "min_ratio": 2, "next": "do less"}})
        hung = subprocess.TimeoutExpired("valgrind", 1)
        for counts, expected in (([1000, hung], FAIL), ([hung], SKIPPED), ([1000, 400], PASS)):
            with mock.patch.object(instructions, "count", side_effect=counts), mock.patch.object(starters, "starter"):
                result = grader.Grader(Forge())._instructions(lab, lambda kind: kind, fine=True)
            self.assertEqual(result.status, expected, result)

    def test_what_to_run_names_the_stage_that_is_graded(self):
        with mock.patch.object(suite, "contract", lambda _p: ["Leftpad.Pads"]):
            results = grader.Grader(Forge()).grade(FakeLab(), Path("v3-other"))
        self.assertIn("test-v3-other", results[0].next)

    def test_failure_beats_invalid_and_skipped_alone_is_no_pass(self):
        def of(*states):
            return grader.verdict_of([Result(1, "x", state) for state in states])
        self.assertEqual(of(PASS, INVALID, FAIL), FAIL)
        self.assertEqual(of(PASS, SKIPPED), SKIPPED)
        self.assertEqual(grader.verdict_of([Result(1, "x", PASS), Result(2, "y", SKIPPED)]), PASS)
        self.assertEqual(grader.verdict_of([Result(0, "suite", PASS), Result(1, "x", SKIPPED)]), SKIPPED)


class BrokenStages(unittest.TestCase):
    """Programs that a learner's mistake makes: each is a stage that fails, never an error of the grader."""

    def program(self, script):
        file = Path(self.enterContext(tempfile.TemporaryDirectory()), "program")
        file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        file.chmod(0o755)
        return file

    def test_a_probe_that_crashes_or_prints_no_json_fails(self):
        for script in ("kill -SEGV $$", "echo debug", "exit 0", "exit 3", "printf '\\377\\n'"):
            with self.subTest(script):
                results = graded([BUDGET], lambda script=script: probes.probe("g")(lambda _kind: self.program(script)))
                self.assertEqual((results[-1].status, results[-1].value), (FAIL, "absent"))

    def test_what_a_stage_prints_beside_a_probe_does_no_harm(self):
        program = self.program("echo debug; echo '{\"x\": 3}'")
        self.assertEqual(probes.probe("g")(lambda _kind: program), {"x": 3})

    def test_a_suite_that_ends_early_is_not_passed(self):
        self.assertEqual(suite.contract(self.program("exit 0")), ["(the suite ended before its last test)"])
        self.assertEqual(suite.contract(self.program("echo '[  PASSED  ] 12 tests.'")), [])

    def test_a_service_that_never_listens_fails_after_a_while(self):
        with mock.patch.object(running, "START_SECONDS", 0.2), self.assertRaisesRegex(running.Broken, "did not start"):
            with running.Service(self.program("exec sleep 60")):
                pass

    def test_a_service_that_hangs_over_http_fails_and_is_ended(self):
        program = self.program("echo $$ >> $0.pids; exec sleep 60")
        with mock.patch.object(suite, "SUITE_SECONDS", 1):
            self.assertEqual(suite.over_http(program), ["(http_test.py hung for 1 s)"])
        for pid in Path(f"{program}.pids").read_text(encoding="utf-8").split():
            self.assertTrue(any(self.has_ended(pid) or time.sleep(0.05) for _ in range(100)), pid)

    @staticmethod
    def has_ended(pid):
        try:
            return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split(") ")[1][0] in "ZX"
        except OSError:
            return True


class Pages(unittest.TestCase):
    def test_every_lab_has_all_headings_hints_and_a_patch(self):
        for lab in catalog.all_labs():
            with self.subTest(lab.number):
                for heading in HEADINGS:
                    self.assertTrue(lab.section(heading))
                self.assertGreaterEqual(len(lab.hints()), 3)
                self.assertIn(f"{lab.data['minutes']} minutes.", lab.page.read_text(encoding="utf-8"))
                self.assertRegex(lab.stage, rf"^v3-lab{lab.number:02}-[a-z0-9-]+$")
                self.assertGreaterEqual(len(lab.decoys), 2)
                for budget in lab.budgets:
                    self.assertIn(budget["metric"].split(":")[0], probes.GROUPS)

    def test_an_unknown_lab_is_refused_with_the_list(self):
        with self.assertRaisesRegex(Failure, "lab '99': there are 1,"):
            catalog.find(99)


class Amdahl(unittest.TestCase):
    def judged(self, **answer):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        Path(folder, amdahl.ANSWER).write_text(json.dumps(answer), encoding="utf-8")
        programs = mock.Mock(return_value="own", stage_dir=folder)
        with mock.patch.object(amdahl, "reference", lambda _f: (7.0, 40.0, 1000.0, 8.0)), \
                mock.patch.object(amdahl, "executed", lambda _p, _f: 926.0):
            found = amdahl.measure(programs)
        return [name for name in ("answer_is_filled_in", "share_agrees", "times_faster_agrees", "gain_follows", "mended") if not found[name]]

    def test_a_stage_is_measured_anew_each_time_and_the_lab_itself_once(self):
        counts = iter(range(1000, 100000, 1000))

        class Callgrind(mock.MagicMock):
            def __init__(self, *_, before=(), **__):
                super().__init__()
                for word in before:
                    if word.startswith("--log-file="):
                        Path(word.partition("=")[2]).write_text(f"Collected : {next(counts)}", encoding="utf-8")
        maker = mock.Mock(build=lambda *_: "program")
        with mock.patch.object(running, "Service", Callgrind), mock.patch.object(running, "ask"), \
                mock.patch.object(amdahl.shutil, "which"), mock.patch.object(starters, "starter"), mock.patch.object(starters, "solution"):
            self.assertEqual(amdahl.reference(maker), amdahl.reference(maker))
            self.assertNotEqual(amdahl.executed("own", "f"), amdahl.executed("own", "f"))

    def test_the_law_at_its_ends(self):
        self.assertAlmostEqual(amdahl.law(50, 2), 100 / 3)
        self.assertAlmostEqual(amdahl.law(3.5, 1e12), 3.627, places=3)
        self.assertEqual(amdahl.law(30, 1), 0)

    def test_an_honest_answer_agrees_and_each_wrong_number_is_named(self):
        self.assertEqual(self.judged(share_percent=3, times_faster=30, service_gain_percent=3), [])
        self.assertEqual(self.judged(share_percent=22, times_faster=36, service_gain_percent=27.2), ["share_agrees"])
        self.assertEqual(self.judged(share_percent=3, times_faster=1000, service_gain_percent=3.1), ["times_faster_agrees"])
        self.assertEqual(self.judged(share_percent=3, times_faster=36, service_gain_percent=36), ["gain_follows"])

    def test_an_answer_that_is_none_fails_whatever_it_holds(self):
        for share in (None, "many", 0, 100, float("nan")):
            self.assertIn("answer_is_filled_in", self.judged(share_percent=share, times_faster=36, service_gain_percent=3))
        self.assertIn("answer_is_filled_in", self.judged(share_percent=3))


class Noise(unittest.TestCase):
    team = noise.Procedure("real", "blocks", 30, 0.05, 0, "at the end")
    good = noise.Procedure("cpu", "alternating", 60, 0.05, 0, "at the end")

    def test_the_same_procedure_gets_the_same_figures(self):
        runs = noise.load()
        self.assertEqual(noise.found_percent(self.team, runs, 5), noise.found_percent(self.team, runs, 5))

    def test_steady_runs_show_any_effect_and_no_other(self):
        steady = {"cpu": [100 + (7 * i % 11) / 100 for i in range(600)]}
        self.assertEqual(noise.found_percent(self.good, steady, 0), 0)
        self.assertEqual(noise.found_percent(self.good, steady, 3), 100)

    def test_p_is_that_of_the_comparison(self):
        values = noise.load()["cpu"]
        old, new = values[:20], [value * 1.1 for value in values[20:40]]
        ours = noise.p_beyond(np.array([old]), np.array([new]), 2)[0]
        self.assertAlmostEqual(ours, stats.p_beyond(old, new, math.log1p(0.02)), places=6)

    def test_a_procedure_with_a_wrong_field_is_refused_by_name(self):
        right = {"clock": "cpu", "order": "alternating", "pairs": 60, "p_below": 0.05, "margin_percent": 0, "stop": "at the end"}
        for name, value in (("clock", "wall"), ("pairs", 61), ("pairs", True), ("pairs", 2.5), ("p_below", "0.05"), ("extra", 1)):
            with tempfile.TemporaryDirectory() as folder, self.subTest(name):
                Path(folder, noise.PROCEDURE).write_text(json.dumps({**right, name: value}), encoding="utf-8")
                with self.assertRaisesRegex(noise.Unusable, name if name in right else "fields"):
                    noise.read(folder)
                self.assertEqual(noise.measure(folder), {"procedure_is_usable": 0})


class Times(unittest.TestCase):
    def test_a_machine_that_differs_from_itself_is_not_judged(self):
        self.assertIn("not judged", timing.sentence([1.2] * 15, [3.0] * 15, "X"))
        self.assertIn("not judged", timing.sentence(None, None, "X"))

    def test_a_clear_gain_is_told_with_its_factor(self):
        calm = [0.99, 1.01] * 7 + [1.0]
        self.assertIn("faster: X is 3 times", timing.sentence(calm, [3.0] * 15, "X"))
        self.assertIn("no clear difference", timing.sentence(calm, calm, "X"))

    def test_a_benchmark_that_crashes_hangs_or_babbles_is_not_judged(self):
        for script in ("exit 3", "exec sleep 60", "echo no figures"):
            with tempfile.TemporaryDirectory() as folder, self.subTest(script), mock.patch.object(timing, "SECONDS", 0.5):
                program = Path(folder, "bench")
                program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
                program.chmod(0o755)
                said = timing.inform(mock.Mock(build=lambda *_: program), catalog.find(1), lambda _: program)
                self.assertIn("not judged", said)

    def test_times_are_asked_for_where_there_is_an_operation(self):
        with mock.patch.dict(os.environ, {"LABS_TIME": ""}):
            self.assertTrue(timing.wanted(catalog.find(1)))
            self.assertFalse(timing.wanted(catalog.find(6)))
        with mock.patch.dict(os.environ, {"LABS_TIME": "0"}):
            self.assertFalse(timing.wanted(catalog.find(1)))


class BlindSpots(unittest.TestCase):
    def test_a_culprit_is_seen_if_it_is_large_and_gone_after_the_repair(self):
        for part, mended, seen in ((20, 1, "yes"), (20, 15, "no"), (5, 1, "hardly"), (1, 0, "no")):
            self.assertEqual(views.of_profile("CPU", (part, 100), (mended, 100))["sees"], seen)

    def test_a_large_share_of_nothing_is_not_seen(self):
        self.assertEqual(views.of_profile("mutex", (900, 1000), (0, 10))["sees"], "no")

    def test_system_calls_see_calls_that_are_gone_and_answers_that_stall(self):
        self.assertEqual(views.of_calls(({"write": 1.0}, 0.001), ({"write": 0.01}, 0.001))["call"], "write")
        self.assertEqual(views.of_calls(({"poll": 4}, 0.044), ({"poll": 3}, 0.001))["sees"], "yes")
        self.assertEqual(views.of_calls(({"write": 1.0}, 0.001), ({"write": 1.0}, 0.001))["sees"], "no")

    def test_only_a_view_that_turned_round_is_a_contradiction(self):
        lab = catalog.find(1)
        def findings(state):
            return {view: {"sees": state} for view in views.VIEWS}
        self.assertEqual(views.contradictions(lab, findings("hardly"), findings("yes")), [])
        self.assertEqual(len(views.contradictions(lab, findings("no"), findings("yes"))), len(views.VIEWS))

    def test_the_page_shows_what_is_recorded(self):
        self.assertEqual(views.PAGE.read_text(encoding="utf-8"), views.page_with(views.known()))
        self.assertEqual(set(views.known()), {str(lab.number) for lab in catalog.all_labs()})


class TeachersKit(unittest.TestCase):
    text = (paths.ROOT / "docs" / "instructor.md").read_text(encoding="utf-8")

    def test_minutes_of_the_plans_are_those_of_the_pages_and_add_up(self):
        plans = re.findall(r"\| step \| minutes \|\n\| --- \| --- \|\n(.*?)\| \*\*Sum\*\* \| \*\*(\d+)\*\* \|", self.text, re.S)
        self.assertEqual(len(plans), 3)
        for rows, total in plans:
            minutes = 0
            for name, spent in re.findall(r"^\| (.*?) \| (\d+) \|$", rows, re.M):
                minutes += int(spent)
                if found := re.fullmatch(r"Lab (\d+)", name):
                    self.assertEqual(int(spent), catalog.find(found[1]).data["minutes"], name)
            self.assertEqual(minutes, int(total))

    def test_every_lab_has_advice_an_answer_and_a_line_in_the_list(self):
        answers = (paths.ROOT / "docs" / "instructor-answers.md").read_text(encoding="utf-8")
        index = (paths.LABS / "README.md").read_text(encoding="utf-8")
        for lab in catalog.all_labs():
            self.assertRegex(self.text, rf"\*\*Lab {lab.number}\.\*\*")
            self.assertRegex(answers, rf"(?m)^\| {lab.number} \|")
            self.assertIn(f"| {lab.number} | [{lab.title}]({lab.folder.name}/README.md) | {lab.data['minutes']} |", index)


class HalfAStage(unittest.TestCase):
    def test_an_interrupted_lab_leaves_none(self):
        for make in (lambda at: starters.copy_with([catalog.find(1).starter], at), lambda _: bugs.bug(1, answer=False)):
            with tempfile.TemporaryDirectory() as folder, mock.patch.object(paths, "ROOT", Path(folder)):
                Path(folder, paths.BASE_STAGE).mkdir()
                with mock.patch.object(subprocess, "run", side_effect=KeyboardInterrupt), \
                        mock.patch.object(bugs, "inject", side_effect=KeyboardInterrupt), self.assertRaises(KeyboardInterrupt):
                    make(Path(folder, "v3-lab01-x"))
                self.assertEqual([file.name for file in Path(folder).iterdir()], [paths.BASE_STAGE])

    def test_without_its_list_of_sources_it_does_not_compile(self):
        with tempfile.TemporaryDirectory() as folder, self.assertRaisesRegex(forge.CompileError, "CMakeLists.txt has no add_stage"):
            forge.sources_of(Path(folder))


    def test_what_it_leaves_out_does_not_come_from_the_solution(self):
        with tempfile.TemporaryDirectory() as folder:
            names = [f"{name}.o" for name in (*forge.sources_of(paths.ROOT / paths.BASE_STAGE), "run_app.cpp")]
            for name in names:
                Path(folder, name).write_text(name, encoding="utf-8")
            subprocess.run(["ar", "qS", "libstage.a", *names], cwd=folder, check=True, capture_output=True)
            maker = mock.Mock(objects=Path(folder), base=paths.ROOT / paths.BASE_STAGE)
            rest = forge.Forge._rest_of(maker, Path(folder, "libstage.a"))
            done = subprocess.run(["ar", "t", str(rest)], capture_output=True, text=True, check=True)
            self.assertEqual(done.stdout.split(), ["run_app.cpp.o"])

    def test_whatever_a_source_may_include_makes_a_new_object_and_nothing_else_does(self):
        stage, build = (Path(self.enterContext(tempfile.TemporaryDirectory())) for _ in range(2))
        (stage / "detail").mkdir()
        for name in ("a.cpp", "b.cpp", "x.h", "x.hpp", "table.inc", "detail/x.h", "answer.json"):
            (stage / name).write_text("", encoding="utf-8")
        (stage / "CMakeLists.txt").write_text("add_stage(a.cpp b.cpp)\n", encoding="utf-8")
        entry = {"file": str(stage / "a.cpp"), "directory": str(build), "command": "sh -c 'echo >\"$2\"' sh -o a.o"}
        with mock.patch.object(paths, "BUILD", build), mock.patch.object(forge, "_compile_commands", list), \
                mock.patch.object(forge.Forge, "_state_of_base", lambda *_: b""):
            maker = forge.Forge()
            before = maker._object(entry, stage)
            for name, new in (("a.cpp", True), ("b.cpp", False), ("x.h", True), ("x.hpp", True), ("table.inc", True),
                              ("detail/x.h", True), ("answer.json", False)):
                (stage / name).write_text("changed", encoding="utf-8")
                now = maker._object(entry, stage)
                self.assertEqual(now != before, new, name)
                before = now

    def test_a_clone_in_a_folder_with_a_space_is_built_with_the_stages_own_headers(self):
        root = Path(self.enterContext(tempfile.TemporaryDirectory()), "my c++ (x)")
        base = root / paths.BASE_STAGE
        said = f"v2.dir/a.o: #deps 2, deps mtime 1 (VALID)\n    /usr/include/x.h\n    {base}/logger.h\n\nv2.dir/b.o: #deps 1, deps mtime 1 (VALID)\n    /x.h\n"
        with mock.patch.object(paths, "ROOT", root), mock.patch.object(paths, "BUILD", root / "build"), \
                mock.patch.object(forge, "_compile_commands", list), \
                mock.patch.object(subprocess, "run", return_value=mock.Mock(stdout=said)):
            maker = forge.Forge()
            self.assertEqual(maker._users_of_headers, {"v2.dir/a.o"})
            entry = {"command": f'c++ -I"{base}" -I"{base}-not" -I/x -o a.o -c "{base}/a.cpp"', "file": f"{base}/a.cpp"}
            moved = maker._moved(entry, root / "v3-mine")
        self.assertEqual(shlex.split(moved["command"]), ["c++", f"-I{root}/v3-mine", f"-I{base}-not", "-I/x", "-o", "a.o", "-c", f"{root}/v3-mine/a.cpp"])

    def test_what_the_linker_misses_is_named_without_paths_of_this_machine(self):
        said = (f"/usr/bin/ld: {paths.BUILD}/labs/objects/0a1b.o: in function `f':\n{paths.BUILD}/labs/objects/0a1b.o: handlers.cpp:(.text+0x1): "
                "undefined reference to `g'\ncollect2: error: ld returned 1 exit status")
        self.assertEqual(grader._first_error(forge._as_in_the_clone(said)), "handlers.cpp:(.text+0x1): undefined reference to `g'")
        self.assertEqual(forge._as_in_the_clone(f"{paths.ROOT}/common/stage.h:24: error: x"), "common/stage.h:24: error: x")


class Bugs(unittest.TestCase):
    def test_every_bug_fits_into_v2_once(self):
        for mutation in mutations.MUTATIONS:
            with self.subTest(mutation[1]), bugs.directory_with(mutation):
                pass

    def test_there_are_enough_and_seeds_reach_them_all(self):
        self.assertGreaterEqual(len(mutations.MUTATIONS), 20)
        self.assertGreaterEqual(len({mutation[0] for mutation in mutations.MUTATIONS}), 6)
        reached = {bugs.chosen(seed)[1] for seed in range(len(mutations.MUTATIONS))}
        self.assertEqual(len(reached), len(mutations.MUTATIONS))


    def judged(self, contract=(), counters=None):
        """(exit status, what is printed) of `make bug` for a stage that is there, in a clone without build/."""
        root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        stage = root / "v3-bug-1"
        stage.mkdir()

        def build(_what, _command):  # stands for CMake
            (root / "compile_commands.json").write_text("[]", encoding="utf-8")

        def counted(_forge, folder):
            return {"growth:x": 5, "operations:y": 2} if folder != stage else counters()
        with mock.patch.object(paths, "ROOT", root), mock.patch.object(paths, "BUILD", root), \
                mock.patch.dict(os.environ, {"LABS_BUILD_DIR": ""}), mock.patch.object(forge, "_run", build), \
                mock.patch.object(forge.Forge, "build"), mock.patch.object(suite, "contract", lambda _p: list(contract)), \
                mock.patch.object(bugs, "counters", counted), contextlib.redirect_stdout(io.StringIO()) as out:
            return bugs.bug(1, answer=False), out.getvalue()

    def test_it_is_judged_in_a_clone_where_nothing_is_built(self):
        self.assertEqual(self.judged(counters=lambda: {"growth:x": 5, "operations:y": 2})[0], 0)

    def test_what_breaks_the_contract_or_rises_or_hangs_fails(self):
        def hang():
            raise subprocess.TimeoutExpired("probe", 60)
        for arguments, saying in (({"contract": ["Leftpad.Pads"]}, "suite, Leftpad.Pads: fails"),
                                  ({"counters": lambda: {"growth:x": 5, "operations:y": 3}}, "operations:y: 3; v2-optimized: 2"),
                                  ({"counters": hang}, "the counters can be read: no")):
            status, said = self.judged(**arguments)
            self.assertEqual(status, 1)
            self.assertIn(saying, said)


class Bundles(unittest.TestCase):
    def test_a_bundle_that_reaches_outside_is_refused(self):
        for name in ("../x.cpp", "/etc/passwd", "a/b/c.cpp"):
            with tempfile.TemporaryDirectory() as folder, self.subTest(name):
                bundle = Path(folder, "bundle.tar.gz")
                with tarfile.open(bundle, "w:gz") as tar:
                    member = tarfile.TarInfo(name)
                    tar.addfile(member, io.BytesIO(b""))
                with mock.patch.object(submission.forge, "programs_of_base"), self.assertRaises(Failure):
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
        cases = {"no tar": b"hello" * 100, "empty file": b"", "cut off": packed(x_cpp=os.urandom(20000))[:9000],
                 "nothing in it": packed(), "no JSON": packed(submission_json=b"{"), "no labs": packed(submission_json=b"{}"),
                 "a list": packed(submission_json=b"[1]"), "empty list": packed(submission_json=b'{"labs": []}'),
                 "no verdict": packed(submission_json=b'{"labs": [{"verdict": {"lab": 2}}]}'),
                 "no such lab": packed(submission_json=b'{"labs": [{"verdict": {"lab": 99}}]}'),
                 "no stage": packed(submission_json=json.dumps({"labs": [lab]}).encode())}
        for name, data in cases.items():
            with tempfile.TemporaryDirectory() as folder, self.subTest(name):
                bundle = Path(folder, "bundle.tar.gz")
                bundle.write_bytes(data)
                with mock.patch.object(submission.forge, "programs_of_base"), self.assertRaises(Failure) as refused:
                    submission.regrade(bundle)
                self.assertNotIn("\n", str(refused.exception))


class Learner(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(mock.patch.object(paths, "PROGRESS", Path(folder, ".progress")))

    def test_hints_come_one_at_a_time_and_the_last_one_stays(self):
        hints = catalog.find(1).hints()
        for wanted in [*range(1, len(hints) + 1), len(hints)]:
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                commands.hint(1)
            self.assertIn(f"Hint {wanted} of {len(hints)}", out.getvalue())

    def test_the_first_guess_stays(self):
        lab = catalog.find(1)
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(prediction.ask(lab, "10"), 10)
            self.assertEqual(prediction.ask(lab, "35"), 10)

    def test_a_guess_that_is_no_number_is_refused(self):
        for text in ("many", "nan", "inf"):
            with self.assertRaises(Failure):
                prediction.ask(catalog.find(1), text)

    def test_the_end_of_the_input_is_no_guess(self):
        terminal = mock.Mock(isatty=lambda: True)
        with mock.patch.object(prediction.sys, "stdin", terminal), mock.patch("builtins.input", side_effect=EOFError), \
                contextlib.redirect_stdout(io.StringIO()) as out:
            out.isatty = lambda: True
            self.assertIsNone(prediction.ask(catalog.find(1), ""))

    def test_a_guess_or_a_stage_for_all_labs_is_refused(self):
        for guess, stage in (("3", None), (None, "v3-mine")):
            with self.assertRaisesRegex(Failure, "one lab"):
                commands.grade(None, guess, stage)

    def graded(self, verdicts, number=None, stage=None):
        """Exit status and output of `grade` in a clone with the stages of labs 1 and 2 and v3-other; its root."""
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in (catalog.find(1).stage, catalog.find(2).stage, "v3-other", "labs"):
            (self.root / name).mkdir()
        results = ([Result(1, "x", verdict, 3, "<= 2", "do less")] for verdict in verdicts)
        with mock.patch.object(paths, "ROOT", self.root), mock.patch.object(paths, "BUILD", self.root), \
                mock.patch.object(forge, "programs_of_base"), mock.patch.object(forge, "Forge"), \
                mock.patch.object(grader.Grader, "grade", lambda *_: next(results)), mock.patch.dict(os.environ, {"LABS_TIME": "0"}), \
                contextlib.redirect_stdout(io.StringIO()) as out:
            return commands.grade(number, "", stage), out.getvalue()

    def test_of_all_labs_a_failure_is_the_exit_status_whatever_the_others_are(self):
        for verdicts, status in (((SKIPPED, FAIL), 1), ((FAIL, INVALID), 1), ((PASS, SKIPPED), 3), ((PASS, PASS), 0)):
            self.assertEqual(self.graded(verdicts)[0], status, verdicts)

    def test_another_stage_is_judged_and_nothing_of_it_is_kept(self):
        progress.save(1, guess=3, answer=35)
        for verdict, status in ((PASS, 0), (FAIL, 1)):
            self.assertEqual(self.graded([FAIL], 1)[0], 1)
            kept = (self.root / "labs" / "lab01.json").read_text(encoding="utf-8")
            before = progress.load(1)
            result, said = self.graded([verdict], 1, "v3-other")
            self.assertEqual(result, status)
            self.assertRegex(said, f"Result: {verdict}  .of v3-other: not kept")
            self.assertEqual((list((self.root / "labs").iterdir()), progress.load(1)), ([], before))
            self.assertNotIn("35", said)
        self.assertIn("FAIL", kept)

    def test_the_labs_own_stage_may_be_named(self):
        stage = catalog.find(1).stage
        self.assertEqual(self.graded([PASS], 1, f"{stage}/")[0], 0)
        self.assertTrue(progress.load(1)["passed"])
        self.assertTrue((self.root / "labs" / "lab01.json").exists())
        with self.assertRaisesRegex(Failure, "a guess is about v3-lab01"):
            commands.grade(1, "3", "v3-other")

    def test_a_seed_in_other_digits_is_refused(self):
        for seed in ("²", "٣", "-1", "x"):
            done = subprocess.run([paths.PYTHON, "-m", "labs", "bug", seed], capture_output=True, text=True, check=False)
            self.assertRegex(done.stderr, "^error: .*a seed is a whole number.*\n$")

    def test_damaged_progress_is_named(self):
        progress.save(1, guess=3)
        for text in ("", "[1]", '{"guess": '):
            Path(paths.PROGRESS, "lab01.json").write_text(text, encoding="utf-8")
            with self.assertRaisesRegex(Failure, "lab01.json: it is not what"):
                progress.load(1)

    def test_calibration_counts_good_guesses(self):
        progress.save(1, guess=30, answer=35, graded=True)
        progress.save(6, guess=100, answer=945, graded=True)
        self.assertIn("1 of 2 within a factor of 2", prediction.calibration()[-1])

    def test_predictions_are_not_revealed_before_grading(self):
        progress.save(1, guess=30, answer=35)
        self.assertEqual(prediction.calibration(), [])

    def test_distance_has_a_direction(self):
        self.assertEqual(screen.distance(10, 5), "2 times too high")
        self.assertEqual(screen.distance(5, 10), "2 times too low")
        self.assertEqual(screen.distance(0, 0), "exact")


class Endings(unittest.TestCase):
    """The commands as processes of their own."""

    def ends(self, *command, **extra):
        done = subprocess.run([paths.ROOT / "scripts/labs.sh", *command], env={**os.environ, **extra}, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    def test_progress_that_cannot_be_written_is_told_in_one_line(self):
        status, said = self.ends("hint", "1", LABS_PROGRESS_DIR="/dev/null/x")
        self.assertEqual(status, 1)
        self.assertRegex(said, r"^error: /dev/null/x: [^\n]*\n$")

    def test_a_reader_that_went_away_ends_it_without_a_word(self):
        with subprocess.Popen([paths.ROOT / "scripts/labs.sh", "solution", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            child.stdout.close()
            self.assertEqual((child.stderr.read(), child.wait(60)), ("", 141))

    def test_without_numpy_the_replay_says_what_to_install(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "sitecustomize.py").write_text("import sys\nsys.modules['numpy'] = None\n", encoding="utf-8")
            done = subprocess.run([paths.PYTHON, "-m", "labs", "noise", "v3-x"], capture_output=True, text=True, check=False,
                                  env={**os.environ, "PYTHONPATH": f"{folder}:{paths.ROOT / 'scripts'}"})
        self.assertRegex(done.stderr, r"^error: [^\n]*apt-get install python3-scipy\n$")

    def test_a_probe_that_hangs_outside_of_a_grading_is_told_in_one_line(self):
        code = ("import subprocess\nfrom unittest import mock\nfrom labs import commands\n"
                "commands.hint = mock.Mock(side_effect=subprocess.TimeoutExpired(['probe'], 60))\nimport labs.__main__")
        done = subprocess.run([paths.PYTHON, "-c", code, "hint", "1"], capture_output=True, text=True, check=False)
        self.assertRegex(done.stderr, r"^error: probe: it has to end within 60 s[^\n]*\n$")

    def test_a_signal_ends_the_service_and_then_the_command(self):
        """A service that never listens; the command is told to end as soon as it runs."""
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        program = folder / "service"
        program.write_text(f"#!/bin/sh\necho $$ > {folder}/pid.new; mv {folder}/pid.new {folder}/pid; exec sleep 60\n", encoding="utf-8")
        program.chmod(0o755)
        code = (f"from labs import commands, running\ndef hint(_):\n  with running.Service({str(program)!r}): pass\n"
                "commands.hint = hint\nimport labs.__main__")
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            with subprocess.Popen([paths.PYTHON, "-c", code, "hint", "1"]) as child:
                while not (folder / "pid").exists():
                    time.sleep(0.02)
                child.send_signal(number)
                self.assertEqual(child.wait(60), 128 + number)
            pid = (folder / "pid").read_text(encoding="utf-8").strip()
            (folder / "pid").unlink()
            self.assertTrue(BrokenStages.has_ended(pid), number)


class Json(unittest.TestCase):
    def test_has_neither_times_nor_paths(self):
        text = json.dumps(grader.as_json(FakeLab(), graded([BUDGET], lambda: {"x": 3})))
        self.assertNotIn(str(paths.ROOT), text)
        self.assertNotRegex(text, "20[0-9][0-9]-")


if __name__ == "__main__":
    os.environ["NO_COLOR"] = "1"
    unittest.main()
