"""docs-check from outside, on chapters made for the purpose: what holds passes, what is broken
fails."""

import contextlib
import io
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import workshop
from base.errors import Failure
from base.tests.fake_tree import eventually, has_ended
from docs import figures


def chapter(*blocks: str) -> str:
    return "# 1. Test\n\n" + "\n".join(blocks) + "\n"


def console(directives: str, *lines: str) -> str:
    return "\n".join((directives, "```console", *lines, "```", ""))


class Chapters(unittest.TestCase):
    def setUp(self):
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        (self.root / "build" / "bin").mkdir(parents=True)
        (self.root / "docs").mkdir()
        self.page = self.root / "docs" / "01-test.md"

    def check(self, *options: str) -> tuple[int, str]:
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = workshop.main(["docs-check", "--root", str(self.root), *options])
        return status, said.getvalue()

    def holds(self, text: str):
        self.page.write_text(text, encoding="utf-8")
        status, said = self.check()
        self.assertEqual(status, 0, said)

    def fails(self, text: str, saying: str, *options: str):
        self.page.write_text(text, encoding="utf-8")
        status, said = self.check(*options)
        self.assertEqual(status, 1, said)
        self.assertRegex(said, saying)


class Commands(Chapters):
    def test_a_command_with_the_output_shown_passes(self):
        self.holds(
            chapter(console("<!-- check: exact -->", "$ printf 'one\\ntwo\\n'", "one", "two")))

    def test_a_dead_command_fails_with_its_place_and_output(self):
        text = chapter(console("<!-- check: contains hello -->", "$ no-such-command hello",
                               "hello"))
        self.fails(text, r"docs/01-test\.md:4: exit status 127, not 0:\n.*no-such-command")

    def test_other_output_than_shown_fails(self):
        self.fails(chapter(console("<!-- check: exact -->", "$ echo 3", "4")),
                   "differs from what is shown")

    def test_shape_lets_numbers_differ_and_nothing_else(self):
        self.holds(chapter(console("<!-- check: shape -->", "$ echo 'took 17.5 ms'", "took 3 ms")))
        self.holds(
            chapter(
                console("<!-- check: shape -->", "$ echo 2026-11-24T08:09:10.5Z ok",
                        "2025-01-03T17:59:00.123Z ok")))
        self.fails(chapter(console("<!-- check: shape -->", "$ echo 'lost 17.5 ms'", "took 3 ms")),
                   "differs")

    def test_text_that_must_not_be_there_fails(self):
        self.fails(chapter(console("<!-- check: lacks leak -->", "$ echo a leak", "a leak")),
                   "'leak' is in the output")

    def test_an_expected_exit_status_passes_and_another_one_fails(self):
        self.holds(chapter(console("<!-- check: exit 3 -->", "$ exit 3")))
        self.fails(chapter(console("<!-- check: exit 3 -->", "$ true")), "exit status 0, not 3")

    def test_a_failure_inside_a_pipe_fails(self):
        self.fails(chapter(console("<!-- check: exact -->", "$ false | cat")), "exit status 1")

    def test_top_looks_at_the_first_rows_of_a_profile_only(self):
        table = ("      flat  flat%   sum%        cum   cum%", "  10ms 50%  50%  10ms 50%  hot",
                 "   1ms  5%  55%   1ms  5%  cold")
        command = "$ printf '%s\\n' " + " ".join(f"'{row}'" for row in table)
        self.holds(chapter(console("<!-- check: top 1 contains hot -->", command, *table)))
        self.fails(chapter(console("<!-- check: top 1 contains cold -->", command, *table)),
                   "'cold' is not in the output")

    def test_a_background_command_is_up_for_the_next_one_and_gone_afterwards(self):
        start = console("<!-- run: background until ready -->",
                        "$ echo $$ > build/pid; echo ready; sleep 60", "ready")
        self.holds(chapter(start, console("<!-- check: exact -->", "$ kill -0 $(cat build/pid)")))
        self.assertTrue(has_ended((self.root / "build" / "pid").read_text().strip()))

    def test_what_a_command_leaves_behind_ends_with_it(self):
        leaves = "sleep 60 >/dev/null 2>&1 & echo $! > build/pid; echo ready"  # deaf to Ctrl-C
        for how, command in (("check: exact", leaves), ("run: background until ready",
                                                        f"{leaves}; wait")):
            self.holds(chapter(console(f"<!-- {how} -->", f"$ {command}", "ready")))
            self.assertTrue(has_ended((self.root / "build" / "pid").read_text().strip(), 5), how)

    def test_a_page_says_when_to_end_what_runs(self):
        start = console("<!-- run: background until ready -->", "$ echo ready; sleep 60", "ready")
        after = console("<!-- check: exact -->", "$ echo done", "done")
        self.holds(chapter(start, "<!-- stop -->", "Press Ctrl-C.\n", after))
        self.holds(chapter(start, "Press Ctrl-C, then:\n", "<!-- stop -->", after))
        for untold in (chapter(start, "<!-- stop -->", "And now:\n",
                               after), chapter(start, "<!-- stop -->", after)):
            self.fails(
                untold,
                r"docs/01-test\.md:\d+: a reader does not see this comment: say 'Press Ctrl-C'",
                "--static")

    def test_the_service_of_an_earlier_chapter_runs_and_the_text_says_so(self):
        service = "<!-- service: echo $$ > build/pid; echo listening on x; sleep 60 -->"
        asks = console("<!-- check: exact -->", "$ kill -0 $(cat build/pid)")
        self.holds(chapter("The service of chapter 3 still runs.\n", service, "Ask it:\n", asks))
        self.holds(chapter("The service of chapter 3 still runs.\n", service, asks))
        self.assertTrue(has_ended((self.root / "build" / "pid").read_text().strip()))
        self.fails(chapter("And now:\n", service, asks),
                   r"docs/01-test\.md:\d+: .*say in the text that the service still runs",
                   "--static")

    def test_a_background_command_that_ends_too_early_fails(self):
        self.fails(chapter(console("<!-- run: background until ready -->", "$ echo no")),
                   "'ready' did not appear")

    def test_a_command_that_a_script_prints_is_output_and_not_run_again(self):
        self.holds(
            chapter(
                console("<!-- check: exact -->", "$ echo '$ no-such-command'",
                        " $ no-such-command")))

    def test_a_command_may_be_left_to_ci_only_if_ci_runs_it(self):
        (self.root / ".ci").mkdir()
        (self.root / ".ci" / "run").write_text("make test check\n", encoding="utf-8")
        text = chapter(console("<!-- run: by CI -->", "$ make test   # touches nothing here"))
        self.holds(text)
        self.fails(text.replace("make test", "make tests"),
                   "`make tests .*` is not what .ci/run does")

    def test_what_a_machine_refuses_is_not_run_and_said(self):
        wrong = console("<!-- check: exact -->", "$ echo 3", "4")
        self.fails(chapter("<!-- needs: true -->\n\nText.\n", wrong), "differs from what is shown")
        refused = chapter("<!-- needs: false && true -->\n\nText.\n", wrong)
        self.page.write_text(refused, encoding="utf-8")
        self.assertRegex(self.check()[1], r"01-test\.md:3: the rest is not run: this machine "
                         r"refuses false && true\n")
        self.assertEqual(self.check()[0], 0)

    def test_a_command_may_say_how_long_it_takes(self):
        text = chapter(console("<!-- check: exact -->\n<!-- run: within 1 s -->", "$ sleep 20"))
        self.fails(text, "still running after 1 s")

    def test_the_readme_is_checked_too(self):
        self.page.write_text(chapter(), encoding="utf-8")
        (self.root / "README.md").write_text(console("<!-- check: exact -->", "$ no-such-command"),
                                             encoding="utf-8")
        status, said = self.check()
        self.assertEqual(status, 1, said)
        self.assertRegex(said, r"README\.md:2: exit status 127")

    def test_results_of_an_older_run_do_not_help_and_are_given_back(self):
        old = self.root / "build" / "old.pb.gz"
        old.write_text("mine")
        self.fails(
            chapter(console("<!-- check: contains mine -->", "$ cat build/old.pb.gz", "mine")),
            "exit status 1")
        self.assertEqual(old.read_text(), "mine")

    def test_nor_do_those_of_a_killed_run_and_the_ones_before_it_are_given_back(self):
        kept = self.root / "build" / "docs-check" / "kept"
        kept.mkdir(parents=True)
        (kept / "old.log").write_text("of the reader\n")
        (self.root / "build" / "old.log").write_text("of the killed run\n")
        self.holds(chapter(console("<!-- check: exact -->", "$ test ! -e build/old.log")))
        self.assertEqual((self.root / "build" / "old.log").read_text(), "of the reader\n")

    def test_stages_that_the_commands_make_go_and_all_others_stay(self):
        (self.root / "Makefile").write_text(
            "stage lab bug:\n\t@mkdir $(or $(NAME),$(addprefix v3-bug-,$(SEED)),v3-lab03)\n")
        lab = self.root / "docs" / "labs" / "03"
        lab.mkdir(parents=True)
        (lab / "lab.json").write_text('{"stage": "v3-lab03"}')
        page = chapter(
            console("<!-- check: lacks error -->", "$ make lab N=3",
                    "$ mkdir v9-other; echo mine > v9-notes.txt"))
        (lab / "README.md").write_text(page, encoding="utf-8")
        self.holds(
            chapter(
                console("<!-- check: lacks v3-lab03 -->", "$ make stage NAME=v4-mine FROM=x",
                        "$ make bug SEED=7", "$ ls")))
        self.assertEqual({path.name for path in self.root.glob("v*")}, {"v9-other", "v9-notes.txt"})

    def test_a_stage_of_a_name_that_the_commands_make_must_not_be_there(self):
        for command, stage in (("make stage NAME=v4-mine", "v4-mine"), ("make bug SEED=7",
                                                                        "v3-bug-7")):
            (self.root / stage).mkdir()
            self.fails(chapter(console("<!-- check: exact -->", f"$ {command}")),
                       f"error: {stage}: the chapters make a stage of this name")
            (self.root / stage).rmdir()

    def test_a_closed_terminal_ends_the_commands_too(self):
        self.page.write_text(
            chapter(
                console("<!-- check: exact -->",
                        "$ echo $$ > build/new; mv build/new build/pid; sleep 60")),
            encoding="utf-8")
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            command = [sys.executable, workshop.__file__, "docs-check", "--root", self.root]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
                pid = self.root / "build" / "pid"
                eventually(pid.exists)
                child.send_signal(number)
                self.assertEqual(child.wait(60), 128 + number)
            self.assertTrue(has_ended(pid.read_text().strip()))
            pid.unlink()


class Pages(Chapters):
    def test_a_block_without_a_check_fails(self):
        self.fails(chapter(console("", "$ true")), "nothing checks", "--static")
        self.fails(chapter("```cpp\nint x;\n```"), "nothing checks", "--static")

    def test_nothing_is_recorded_of_what_is_not_run(self):
        with self.assertRaisesRegex(Failure, "--update: not allowed with argument --static"):
            self.check("--static", "--update")

    def test_an_unknown_check_fails(self):
        self.fails(chapter(console("<!-- check: looks good -->", "$ echo 1", "1")),
                   "unknown check 'looks good'")

    def test_a_mistake_in_a_directive_fails_and_is_named(self):
        for directive, saying in (
            ("check: contains", "line 3: unknown check 'contains'"),
            ("check: exit one", "line 3: unknown check 'exit one'"),
            ("check: top three contains 1", "line 3: unknown check 'top three contains 1'"),
            ("check: matches (1", "line 3: check 'matches \\(1': missing \\)"),
            ("check: figures n <", "figure expression 'n <': write it like"),
            ("figure: n /1/", "line 3: figure n: put the number into"),
            ("figure: n /(1/", "line 3: figure 'n /\\(1/': missing \\)"),
            ("show: from /(/ to /1/", "line 3: show 'from .*': missing \\)"),
            ("run: withing 9 s", "line 3: unknown run 'withing 9 s'"),
            ("chek: contains 1", "01-test.md:3: unknown word 'chek'"),
        ):
            text = chapter(console(f"<!-- {directive} -->\n<!-- check: exact -->", "$ echo 1", "1"))
            with self.subTest(directive):
                self.fails(text, saying)

    def test_how_long_a_command_may_take_is_no_check(self):
        self.fails(chapter(console("<!-- run: within 9 s -->", "$ echo 1", "1")), "nothing checks",
                   "--static")

    def test_a_directive_out_of_place_is_said_to_be(self):
        text = chapter("<!-- check: exact -->", "Prose.\n",
                       console("<!-- check: exact -->", "$ echo 1", "1"))
        self.fails(
            text,
            r"^==> .*\n.*\ndocs/01-test.md:3: 'check' must stand right before a block\n1 problems")

    def test_a_missing_snippet_is_placed_and_hides_no_other_problem(self):
        (self.root / "a.cpp").write_text("int x;\n")
        dead = console("<!-- check: exact -->", "$ exit 3")
        self.fails(
            chapter(dead, "<!-- code: a.cpp [gone] -->\n```cpp\n```"),
            r"(?s)01-test\.md:4: exit status 3.*01-test\.md:9: code a\.cpp \[gone\]: \[gone\] is "
            r"not defined.*2 problems"
        )

    def test_a_snippet_must_be_the_source_as_it_is(self):
        (self.root / "a.cpp").write_text("namespace a {\n\nint f(int x) {\n  return x;\n}\n\n}\n")
        good = "<!-- code: a.cpp f() -->\n```cpp\nint f(int x) {\n  return x;\n}\n```\n"
        self.holds(chapter(good))
        self.fails(chapter(good.replace("return x", "return y")), "not what a.cpp f\\(\\) is now",
                   "--static")
        self.fails(chapter(good.replace("f()", "g()")), "g\\(\\) is not defined", "--static")

    def test_dead_links_and_anchors_and_poor_alt_texts_fail(self):
        self.holds(chapter("[here](#1-test)"))
        self.fails(chapter("[gone](02-gone.md)"), "no such file", "--static")
        self.fails(chapter("[gone\naway](02-gone.md)"),
                   r"01-test\.md:4: link 02-gone\.md: there is no such file", "--static")
        self.fails(chapter("[gone](01-test.md#part)"), "no heading 'part'", "--static")
        (self.root / "docs" / "a.svg").write_text("<svg/>")
        self.fails(chapter("![graph](a.svg)"), "alt text", "--static")

    def test_a_target_or_file_that_prose_mentions_must_exist(self):
        (self.root / "Makefile").write_text("bench: build\n\techo\n")
        self.holds(chapter("Type `make bench STAGE=v1-naive` or see `docs/01-test.md`."))
        self.fails(chapter("Type `make fast`."), "no such target", "--static")
        self.fails(chapter("See `scripts/gone.sh`."), "no such file", "--static")

    def test_a_figure_in_prose_must_be_that_of_the_output(self):
        block = console("<!-- figure: rps /(\\d+) a second/ -->\n<!-- check: shape -->",
                        "$ echo 4321 a second", "1234 a second")
        self.holds(chapter(block, "It answers 1,230<!-- rps --> requests."))
        self.fails(chapter(block, "It answers 1,300<!-- rps --> requests."),
                   "figure 'rps' is 1,230 in the output, 1,300 here", "--static")

    def test_a_figure_is_rounded_to_its_digits(self):
        for value, text in ((9.996, "10.0"), (9.994, "9.99"), (0.01234, "0.0123"),
                            (1234.5, "1,230"), (7, "7"), (-9.996, "-10.0")):
            self.assertEqual(figures.rounded(value, 3), text)

    def test_an_order_of_figures_is_checked_on_the_run(self):
        def block(name, number):
            return console(f"<!-- figure: {name} /(\\d+)/ -->\n<!-- check: shape -->",
                           f"$ echo {number}", "5")

        last = console("<!-- check: figures fast > 1.5 * slow -->", "$ true")
        self.holds(chapter(block("slow", 10), block("fast", 20), last))
        self.fails(chapter(block("slow", 10), block("fast", 14), last),
                   "is false: fast = 14, slow = 10")


class Update(Chapters):
    def test_records_output_snippets_and_figures_and_then_holds(self):
        (self.root / "a.cpp").write_text("int f() {\n  return 7;\n}\n")
        self.page.write_text(
            chapter(
                "<!-- code: a.cpp f() -->\n```cpp\n```",
                console(
                    "<!-- figure: n /^n (\\d+)/ -->\n<!-- show: first 2 -->\n"
                    "<!-- check: contains n 42 -->",
                    "$ printf 'in %s\\nn 42\\nx\\n' \"$PWD\"", "old"),
                "There are ?<!-- n --> of them.",
            ))  # fmt: skip
        status, said = self.check("--update")
        self.assertEqual(status, 0, said)
        text = self.page.read_text(encoding="utf-8")
        self.assertIn("```cpp\nint f() {\n  return 7;\n}\n```", text)
        self.assertIn("in /home/you/workshop\nn 42\n[…]\n```", text)
        self.assertIn("There are 42<!-- n --> of them.", text)
        self.assertEqual(self.check()[0], 0)

    def test_a_run_that_fails_is_not_recorded(self):
        for directive, command in (("check: exact", "no-such-command"), ("check: contains good",
                                                                         "echo bad")):
            text = chapter(console(f"<!-- {directive} -->", f"$ {command}", "good"))
            with self.subTest(command):
                self.fails(text, r"(?s)not recorded: docs/01-test\.md\n.*1 problems", "--update")
                self.assertEqual(self.page.read_text(encoding="utf-8"), text)


if __name__ == "__main__":
    unittest.main()
