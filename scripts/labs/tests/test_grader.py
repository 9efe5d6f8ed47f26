"""The grader, tested as a product: what is INVALID, what is SKIPPED, and what never changes. No
program is built."""
import contextlib
import io
import json
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from base import callgrind, console
from base.tests.fake_tree import has_ended
from labs import asking, building, counters, grader, instructions, paths, running, starters, suite
from labs.grader import FAIL, INVALID, PASS, SKIPPED, Result


class FakeLab:
    number, title, stage, data = 1, "A lab", "v3-lab", {}

    def __init__(self, *budgets):
        self.budgets = budgets


def own_solution(_lab):
    return contextlib.nullcontext(Path("solution"))


def setUpModule():
    unittest.enterModuleContext(
        mock.patch.object(building, "program", lambda _stage, kind, **_: kind))


def graded(budgets, measure, failing=(), unavailable=None, solution=lambda: {"x": 3}):
    def group(programs):
        if unavailable:
            raise running.Unavailable(unavailable)
        return solution() if programs.stage_dir.name == "solution" else measure()
    with mock.patch.object(suite, "contract", lambda _p: list(failing)), \
            mock.patch.object(suite, "over_http", lambda _p: []), \
            mock.patch.object(starters, "solution", own_solution), \
            mock.patch.dict(counters.GROUPS, {"g": group}):
        return grader.grade(FakeLab(*budgets), Path("stage"))


BUDGET = {"metric": "g:x", "max": 3, "next": "do less"}


class Verdicts(unittest.TestCase):
    def test_within_the_budget_passes(self):
        results = graded([BUDGET], lambda: {"x": 3})
        self.assertEqual(grader.verdict_of(results), PASS)

    def test_beyond_the_budget_fails_and_says_what_to_do(self):
        results = graded([BUDGET], lambda: {"x": 4})
        self.assertEqual((results[-1].status, results[-1].next), (FAIL, "do less"))
        self.assertEqual(grader.verdict_of(results), FAIL)

    def test_only_a_stage_that_does_not_compile_itself_fails(self):
        def count(*_):
            building.program(Path("v2-optimized"), "leftpad")
            return {"x": 3}
        for broken, status in (("stage", FAIL), ("v2-optimized", INVALID)):
            def program(folder, kind, broken=broken, **_):
                if folder.name == broken:
                    raise building.CompileError("x.cpp:1: error: x")
                return kind
            specs = {"instructions": [{"min_percent": 50}]}
            with mock.patch.object(building, "program", program), \
                    mock.patch.object(FakeLab, "data", specs), \
                    mock.patch.object(grader, "_count", count):
                for budgets in ([], [BUDGET]):
                    (result,) = graded(budgets, count)
                    self.assertEqual((result.status, result.value), (status, "no"))
                    self.assertIn("x.cpp:1: error: x", result.next)

    def test_two_measurements_on_different_sides_are_invalid_and_on_one_side_are_judged(self):
        for counts, verdict in (((3, 4), INVALID), ((2, 3), PASS), ((5, 4), FAIL)):
            values = iter(counts)
            results = graded([BUDGET], lambda values=values: {"x": next(values)})
            self.assertEqual(grader.verdict_of(results), verdict)

    def test_wrong_behaviour_fails_and_its_speed_is_not_judged(self):
        results = graded([BUDGET], lambda: {"x": 0}, failing=["Leftpad.Pads"])
        self.assertEqual([r.status for r in results], [FAIL, SKIPPED])
        self.assertIn("Leftpad.Pads", results[0].next)

    def test_a_missing_tool_skips_and_names_the_command_that_installs_it(self):
        results = graded([BUDGET], dict,
                         unavailable="strace is not installed: apt-get install strace")
        self.assertEqual(grader.verdict_of(results), SKIPPED)
        self.assertIn("apt-get install strace", results[-1].next)

    def test_a_service_that_breaks_off_removes_its_log_or_ends_callgrind_fails(self):
        def broken():
            raise ConnectionError
        for measure in (broken, lambda: counters._state("/dev/shm/not/there"),
                        lambda: callgrind.collected("==7== Process terminating")):
            results = graded([BUDGET], measure)
            self.assertEqual((results[-1].status, results[-1].value), (FAIL, "absent"))
            self.assertEqual(graded([BUDGET], measure, solution=measure)[-1].status, INVALID)

    def test_where_the_labs_own_solution_breaks_off_or_starves_too_nothing_is_said(self):
        def broken():
            raise ConnectionError
        self.assertEqual(graded([BUDGET], broken, solution=broken)[-1].status, INVALID)
        for measured, verdict in ((4, INVALID), (3, FAIL)):
            with mock.patch.object(grader, "TIMED", ("g", )):
                results = graded([BUDGET], lambda: {"x": 5},
                                 solution=lambda measured=measured: {"x": measured})
            self.assertEqual(results[-1].status, verdict)

    def test_a_stage_is_late_only_where_the_labs_own_solution_takes_a_third_of_the_time(self):
        def late():
            raise TimeoutError
        for takes, verdict in ((20.1, INVALID), (19.9, FAIL)):
            clock = iter((0, takes))
            with mock.patch.object(grader.time, "monotonic", lambda clock=clock: next(clock)), \
                    mock.patch.object(console, "Bar"):
                self.assertEqual(graded([BUDGET], late)[-1].status, verdict)

    def test_a_stage_that_hangs_under_callgrind_fails_and_a_slow_machine_is_no_fault_of_it(self):
        spec = {"operation": "X", "min_ratio": 2, "next": "do less"}
        hung = subprocess.TimeoutExpired("valgrind", 1)
        for counts, expected in (([1000, hung, *2 * (1000, 400)], FAIL), ([hung], INVALID),
                                 ([1000, hung, 1000, hung], INVALID), ([1000, 400], PASS),
                                 ([1000, hung, running.Unavailable("no tool")], SKIPPED)):
            with mock.patch.object(instructions, "count", side_effect=counts), \
                    mock.patch.object(starters, "starter"), \
                    mock.patch.object(starters, "solution", own_solution):
                result = grader._instructions(mock.Mock(), spec, lambda kind: kind, fine=True)
            self.assertEqual(result.status, expected, result)

    def test_what_to_run_names_the_stage_that_is_graded(self):
        with mock.patch.object(suite, "contract", lambda _p: ["Leftpad.Pads"]):
            results = grader.grade(FakeLab(), Path("v3-other"))
        self.assertIn("test-v3-other", results[0].next)

    def test_failure_beats_invalid_and_skipped_alone_is_no_pass(self):
        def of(*states):
            return grader.verdict_of([Result(1, "x", state) for state in states])
        self.assertEqual(of(PASS, INVALID, FAIL), FAIL)
        self.assertEqual(of(PASS, SKIPPED), SKIPPED)
        self.assertEqual(grader.verdict_of([Result(1, "x", PASS), Result(2, "y", SKIPPED)]), PASS)
        self.assertEqual(grader.verdict_of([Result(0, "suite", PASS),
                                            Result(1, "x", SKIPPED)]), SKIPPED)


class Terminal(io.StringIO):
    """Standard error on a terminal."""

    def isatty(self):
        return True

    def line(self):
        """What stands in the last line."""
        return self.getvalue().rpartition("\r")[2].partition("\033")[0]


class Progress(unittest.TestCase):
    def test_a_terminal_says_what_is_done_before_it_is_done(self):
        terminal, seen = self.enterContext(contextlib.redirect_stderr(Terminal())), []

        def looked_at(*_):
            seen.append(terminal.line())
            with console.Bar("compiling", 1, lines=0) as bar:
                seen.append(terminal.line())
                bar.step()
                seen.append(terminal.line())
            seen.append(terminal.line())
            return {"x": 3}
        results = graded([BUDGET], looked_at)
        self.assertEqual(grader.verdict_of(results), PASS)
        self.assertRegex(seen[0], "^counting g .* 2/3, ")
        self.assertRegex(seen[1], r"^compiling \[\.+\] 0/1$")
        self.assertRegex(seen[2], r"^compiling \[#+\] 1/1, 0 s left$")
        self.assertEqual(seen[3], seen[0])
        self.assertEqual(terminal.line(), "")

    def test_a_pipe_gets_none_of_it(self):
        with contextlib.redirect_stderr(io.StringIO()) as pipe:
            graded([BUDGET], lambda: {"x": 3})
        self.assertEqual(pipe.getvalue(), "")


class BrokenStages(unittest.TestCase):
    """Programs that a learner's mistake makes: each is a stage that fails, never an error of the
    grader."""

    def program(self, script):
        file = Path(self.enterContext(tempfile.TemporaryDirectory()), "program")
        file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        file.chmod(0o755)
        return file

    def test_a_probe_that_gives_no_answer_fails_whatever_it_prints(self):
        for script in ("kill -SEGV $$", "echo debug", "exit 0", "exit 3", "printf '\\377\\n'"):
            with self.subTest(script):
                results = graded([BUDGET], lambda script=script: counters.probe(
                    "g", lambda _kind: self.program(script)))
                self.assertEqual((results[-1].status, results[-1].value), (FAIL, "absent"))

    def answering(self, answers, count="3"):
        """A program that answers {"metrics": {"x": COUNT}, "answers": …}, an expression of
        `words`."""
        return self.program("exec /usr/bin/python3 -c '" + f"""
import json, sys
print("debug")
question = json.load(sys.stdin)
words = question["words"]
json.dump({{"metrics": {{"x": {count}}}, "answers": {answers}}}, open(question["answer"], "w"))'""")

    def test_a_count_needs_the_right_answers_to_words_that_are_new_each_time(self):
        right = """{"LeftpadHandler": ["{\\"str\\":\\"" + 46 * "*" + word + "\\"}\\n"
                                       for word in words]}"""
        self.assertEqual(asking.probe(self.answering(right), "growth"), {"x": 3})
        for wrong in ("{}", "[]", right.replace("46", "45"), right.replace("in words", "in []")):
            with self.assertRaisesRegex(asking.NoAnswer, "did not give|no answer came"):
                asking.probe(self.answering(wrong), "growth")
        for count in ("float(\"inf\")", "float(\"nan\")", "[]", "\"x\""):
            results = graded([BUDGET], lambda count=count: asking.probe(
                self.answering(right, count), "growth"))
            self.assertEqual((results[-1].status, results[-1].value), (FAIL, "absent"), count)
        self.assertNotEqual(asking.draw(), asking.draw())

    def test_a_seed_draws_the_same_words_again(self):
        asking.draw_from(7)
        before = asking.draw()
        asking.draw_from(7)
        self.assertEqual(asking.draw(), before)
        self.assertEqual(len(set(before)), asking.WORDS)

    def reporting(self, tests, answers):
        """A suite that writes this report."""
        return self.program("exec /usr/bin/python3 -c '" + f"""
import json, os, sys
words = os.environ["GRADER_WORDS"].split()
report = {{"testsuites": [{{"name": "A", "testsuite": {tests}}}], "answers": {answers}}}
json.dump(report, open(sys.argv[1].partition("json:")[2], "w"))' "$@\"""")

    def test_a_suite_passes_only_with_all_tests_and_the_right_answers(self):
        right = """"".join(46 * word[0] + word + " " for word in words)"""
        one, two = """{"name": "x"}""", """{"name": "y", "failures": [1]}"""
        with mock.patch.object(suite, "reference", lambda: ({"A.x"}, 60)):
            self.assertEqual(suite.contract(self.reporting(f"[{one}]", right)), [])
            self.assertEqual(suite.contract(self.reporting("[]", right)), ["A.x"])
            self.assertEqual(suite.contract(self.reporting(f"[{one}]", '"x"')),
                             ["(leftpad does not answer the grader's own questions)"])
            for script in ("exit 0", "echo '[  PASSED  ] 12 tests.'"):
                self.assertEqual(suite.contract(self.program(script)),
                                 ["(the program ended before its last test: exit status 0)"])
        with mock.patch.object(suite, "reference", lambda: ({"A.x", "A.y"}, 60)):
            self.assertEqual(suite.contract(self.reporting(f"[{one}, {two}]", right)), ["A.y"])

    def test_a_service_that_never_listens_fails_after_a_while(self):
        with mock.patch.object(running.Service, "start_seconds", 0.2), \
                self.assertRaisesRegex(running.Broken, "not ready within 0.2 s"):
            with running.Service(self.program("exec sleep 60")):
                pass

    def test_a_service_that_hangs_over_http_fails_and_is_ended(self):
        program = self.program("echo $$ >> $0.pids; exec sleep 60")
        started, seconds = Path(f"{program}.pids"), 1
        while not started.exists():  # a busy machine needs longer to come so far
            with mock.patch.object(suite, "reference", lambda limit=seconds / 2: (set(), limit)):
                self.assertEqual(suite.over_http(program),
                                 ["(http_test.py waits for what does not come)"])
            seconds *= 2
        for pid in started.read_text(encoding="utf-8").split():
            self.assertTrue(has_ended(pid), pid)


class Json(unittest.TestCase):
    def test_has_neither_times_nor_paths(self):
        text = json.dumps(grader.as_json(FakeLab(), graded([BUDGET], lambda: {"x": 3}), 7))
        self.assertNotIn(str(paths.ROOT), text)
        self.assertNotRegex(text, "20[0-9][0-9]-")


if __name__ == "__main__":
    unittest.main()
