"""`make walkthrough` with steps that only note that they ran: order, resuming, failing, Ctrl-C."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from base.tests.fake_tree import SCRIPTS, eventually

OLD, NEW = "v1-naive", "v2-optimized"
# Stands for the commands that are steps: notes its call, makes its result, obeys FAIL_AT, HANG_AT.
STUB = r"""#!/bin/bash
call=$*
shift
if [[ $call == findings* ]]; then
  echo 'the table'
  printf '%s' "${NOT_MET:+make $NOT_MET}" >"$2"
  exit $((${#NOT_MET} > 0))
fi
printf '%s\n' "$call" >>"$CALLS"
[[ -z ${FAIL_AT-} || $call != *"$FAIL_AT"* ]] || { echo 'stub: failing' >&2; exit 3; }
if [[ -n ${HANG_AT-} && $call == *"$HANG_AT"* ]]; then echo "$$" >"$CALLS.pid"; exec sleep 60; fi
build=${0%/scripts/*}/build
case $call in
  load*) file=load/$1/ab.txt; printf '%s\n' one two '  requests  50,000' {1..9} ;;
  profile*) file=profiles/$2/$1.pb.gz; printf '%s\n' 'flat  flat%' all 'flat  flat%' own ;;
  diff*) file=profiles/diff/$1/$2/cpu.flame.html ;;
  alloc-sites*) file=profiles/$1/alloc-sites.txt ;;
  bench*) file=bench/$1.json ;;
  compare*) file=compare/compare.json ;;
  report*) file=report/index.html ;;
esac
mkdir -p "$build/${file%/*}" && echo made >"$build/$file"
"""
PPROF = "#!/bin/bash\nprintf 'ROUTINE === leftpad\\n  10ms 20ms 9: text\\n'\n"
SERVICE = r"""#!/bin/bash
trap 'exit 0' TERM
echo 'profiles at http://127.0.0.1:2/debug/pprof/' >&2; echo 'listening on http://127.0.0.1:1' >&2
while :; do sleep 0.02; done
"""


class Walkthrough(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="leftpad-walk."))
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copytree(SCRIPTS, self.root / "scripts",
                        ignore=shutil.ignore_patterns("tests", "__pycache__"))
        self.program("scripts/workshop", STUB)
        self.program("build/tools/pprof", PPROF)
        for name in ("ab", "curl"):
            self.program(f"path/{name}", "#!/bin/bash\necho answered\n")
        for stage in (OLD, NEW):
            (self.root / stage).mkdir()
            (self.root / stage / "CMakeLists.txt").write_text("add_stage()\n")
            self.program(f"build/bin/leftpad-{stage}", SERVICE + f"# {stage}\n")
            self.program(f"build/bin/bench-{stage}", f"#!/bin/bash\n# {stage}\n")
        self.calls = self.root / "calls"

    def program(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)

    def start(self, *arguments, **environment):
        self.calls.write_text("")
        return subprocess.Popen(
            ["/usr/bin/python3", self.root / "scripts/workshop.py", "walkthrough", *arguments],
            cwd=self.root,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True, env={
                **os.environ, "PATH": f"{self.root / 'path'}:/usr/bin:/bin",
                "CALLS": str(self.calls), "TMPDIR": str(self.root), **environment
            })

    def run_it(self, *arguments, **environment):
        """(exit status, output, calls of steps)"""
        child = self.start(*arguments, **environment)
        output, _ = child.communicate(timeout=120)
        return child.returncode, output, self.calls.read_text().splitlines()

    def test_goes_through_the_article_in_order(self):
        status, output, calls = self.run_it()
        self.assertEqual(status, 0, output)
        wanted = (f"load {OLD}", f"profile cpu {OLD}", f"profile heap {OLD}",
                  f"profile allocs {OLD}", f"alloc-sites {OLD}", f"profile threads {OLD}",
                  f"profile mutex {OLD}", f"bench {OLD}", f"compare {OLD} {NEW}",
                  f"profile cpu {NEW}", f"profile mutex {NEW}", f"load {NEW}",
                  f"report {OLD} {NEW}")
        places = [
            next(i for i, call in enumerate(calls) if call.startswith(want)) for want in wanted
        ]
        self.assertEqual(places, sorted(places))
        self.assertIn("build/report/index.html", output.splitlines()[-2])

    def test_says_where_it_is_and_what_it_runs(self):
        output = self.run_it()[1]
        self.assertRegex(output, r"\[1/\d+\] .*about \d min \d\d s left")
        self.assertIn(f"$ scripts/workshop profile cpu {OLD} --seconds 8", output)
        self.assertIn("the table", output)

    def test_a_step_shows_five_lines_and_where_the_rest_is_unless_it_is_verbose(self):
        output = self.run_it()[1]
        self.assertIn(f"$ scripts/workshop load {OLD}\n  requests  50,000\n1\n2\n3\n4\n"
                      "(7 lines more: build/walkthrough/load-old.log)\n", output)
        self.assertIn(f"profile mutex {OLD} --seconds 5\nflat  flat%\nown\n", output)
        self.assertIn("\ntwo\n  requests", self.run_it("--restart", "--verbose")[1])

    def test_second_run_only_makes_the_report(self):
        self.run_it()
        status, output, calls = self.run_it()
        self.assertEqual((status, calls), (0, [f"report {OLD} {NEW}"]), output)

    def test_a_new_program_repeats_its_steps_only(self):
        self.run_it()
        self.program(f"build/bin/leftpad-{NEW}", SERVICE + "# better\n")
        calls = self.run_it()[2]
        self.assertIn(f"profile cpu {NEW} --seconds 8", calls)
        self.assertIn(f"compare {OLD} {NEW}", calls)
        self.assertFalse(
            [call for call in calls if call.startswith(("profile", "load")) and OLD in call])

    def test_a_lost_result_is_made_again(self):
        self.run_it()
        (self.root / f"build/profiles/{OLD}/heap.pb.gz").unlink()
        self.assertEqual(self.run_it()[2],
                         [f"profile heap {OLD} --seconds 3", f"report {OLD} {NEW}"])

    def test_restart_forgets(self):
        first = self.run_it()[2]
        self.assertEqual(self.run_it("--restart")[2], first)

    def test_a_failing_step_stops_and_is_taken_up_again(self):
        status, output, calls = self.run_it(FAIL_AT="bench")
        self.assertEqual(status, 1)
        self.assertIn("make walkthrough", output.splitlines()[-1])
        self.assertIn("stub: failing", output)
        self.assertNotIn(f"compare {OLD} {NEW}", calls)
        status, _, calls = self.run_it()
        self.assertEqual((status, calls[0]), (0, f"bench {OLD}"))

    def test_a_profile_without_such_samples_is_a_fact_and_one_that_pprof_cannot_read_an_error(self):
        says = "#!/bin/bash\necho 'pprof: {}' >&2; exit 2\n"
        self.program("build/tools/pprof", says.format("unrecognized profile format"))
        status, output, _ = self.run_it()
        self.assertEqual(status, 1, output)
        self.assertIn("\npprof: unrecognized profile format\n", output)
        self.program("build/tools/pprof", says.format("no matches found for regexp: leftpad"))
        status, output, _ = self.run_it()
        self.assertEqual(status, 0, output)
        self.assertIn("leftpad\nNo sample fell into its own instructions", output)

    def test_a_finding_that_is_not_met_fails_plainly_and_is_measured_again(self):
        status, output, _ = self.run_it(NOT_MET=f"profile-cpu STAGE={OLD}")
        self.assertEqual(status, 1)
        self.assertRegex(output, r"error: findings: .*make walkthrough")
        status, output, calls = self.run_it()
        calls = [call for call in calls if call.startswith(("profile", "diff"))]
        self.assertEqual((status, calls), (0, [
            f"profile cpu {OLD} --seconds 8", f"profile cpu {NEW} --seconds 8",
            f"diff {OLD} {NEW} --kind cpu"
        ]))
        self.assertNotRegex(output,
                            "line by line: done before|instruction by instruction: done before")

    def test_ctrl_c_ends_the_step_and_the_next_run_goes_on(self):
        for send, number in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            child = self.start(HANG_AT=f"profile mutex {OLD}")
            file = Path(f"{self.calls}.pid")
            pid = int(eventually(lambda: file.exists() and file.read_text()))
            # A terminal sends Ctrl-C to the whole group.
            os.killpg(child.pid, send) if send == signal.SIGINT else child.send_signal(send)
            child.communicate(timeout=30)
            self.assertEqual(child.returncode, number)
            self.assertFalse(Path(f"/proc/{pid}").exists())
            self.assertEqual([each.name for each in self.root.glob("leftpad.*")], [])
            Path(f"{self.calls}.pid").unlink()
        calls = self.run_it()[2]
        self.assertTrue(calls[0].startswith(f"profile mutex {OLD}"), calls)

    def test_list_runs_nothing(self):
        status, output, calls = self.run_it("--list")
        self.assertEqual((status, calls), (0, []))
        self.assertGreater(len(re.findall(r"^\[ \]", output, re.MULTILINE)), 20)

    def test_unknown_option_is_a_usage_error(self):
        status, output, _ = self.run_it("--what")
        self.assertEqual(status, 2)
        self.assertIn("--help", output)


if __name__ == "__main__":
    unittest.main()
