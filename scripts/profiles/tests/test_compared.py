"""The commands diff, heaptrack and alloc-sites on the built stages."""
import json
import re
import shutil
import subprocess
import types
import unittest
from unittest import mock

from captures import BINARIES, MANY_SAMPLES, ROOT, SCRIPTS, V1, V2, Captures, built
from profiles import diff


@built
class Diff(Captures):
    def test_allocs_of_leftpad_and_statsd_shrink_from_v1_to_v2(self):
        for stage in (V1, V2):
            self.ends("workshop", "profile", "allocs", stage, "--seconds", "2",
                      "--out", self.out / stage, **MANY_SAMPLES)
        files = [self.out / stage / "allocs.pb.gz" for stage in (V1, V2)]
        out, _ = self.ends("workshop", "diff", *files, "--kind", "allocs", "--out", self.out)
        self.assertRegex(out, r"-diff_base=\S*v1-naive/allocs.pb.gz")
        self.assertNotRegex(
            out, r"-diff_base=\S+ \S*build/bin")  # a program would be used for both sides
        self.assertRegex(out, r"Requests in the captures: v1-naive \d+, v2-optimized \d+")
        root = tree_of(self.out / "allocs.flame.html")
        for name in ("service::leftpad", "service::StatsD::send"):
            old, new = totals(root, name)
            self.assertGreater(old, 10, name)
            self.assertLess(new, old / 4, name)
        # Another kind than that of the files is refused, and the result is still there.
        _, err = self.ends("workshop", "diff", *files, "--kind", "mutex", "--out", self.out,
                           status=2)
        self.assertRegex(
            err, r"^error: \S*v1-naive/allocs.pb.gz: it holds no values of the kind mutex[^\n]*\n$")
        self.assertFalse((self.out / "mutex.top.txt").exists())
        # What no stage touches stays as it is, per request.
        old, new = totals(root, "service::fill_request")
        self.assertAlmostEqual(new / old, 1, delta=0.4)

    def test_seconds_capture_again(self):
        stage = self.out / V1
        stage.mkdir()
        (stage / "cpu.pb.gz").write_bytes(b"newer than the program")
        taken = []

        def take(*given):
            taken.append(given[-1])
            return lambda: None
        with mock.patch.multiple(diff, PROFILES=self.out, capture=mock.Mock()), \
                mock.patch.object(diff.profile, "take", take), \
                mock.patch.object(diff.pprof, "read") as read:
            read.return_value = "", types.SimpleNamespace(types=[("cpu", "nanoseconds")])
            for seconds in (None, 30):
                diff._side([], diff.kinds.PROFILES["cpu"], V1,
                           types.SimpleNamespace(seconds=seconds))
        self.assertEqual(taken, [30])

    def test_it_captures_as_long_as_the_service_does_and_no_longer(self):
        _, err = self.ends("workshop", "diff", V1, V2, "--seconds", "301", status=2)
        self.assertRegex(err, "--seconds 301: the service captures for at most 300 seconds")


@built
class Heaptrack(Captures):
    def test_it_counts_what_a_request_allocates(self):
        out, _ = self.ends("workshop", "heaptrack", V1, "-n", "500", "--out", self.out)
        self.assertIn("The program without tcmalloc", out)
        rows = {
            name: float(count)
            for count, name in re.findall(r"^ *[\d,]+ +([\d.]+)  (\S.*)$", out, re.MULTILINE)
        }
        leftpad = next(count for name, count in rows.items()
                       if name.startswith("service::leftpad["))
        self.assertAlmostEqual(leftpad, 35, delta=1)
        self.assertGreater(rows["service::StatsD::send"], 20)
        for name in ("heaptrack.txt", "heaptrack.folded", "heaptrack.flame.html"):
            self.assertGreater((self.out / name).stat().st_size, 0)

    def test_it_works_in_a_folder_of_any_name_and_failing_leaves_the_earlier_recording(self):
        tree = self.out / "my c++ (x)"
        shutil.copytree(SCRIPTS, tree / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        (tree / "build").mkdir()
        (tree / "build" / "bin").symlink_to(BINARIES)
        (tree / V1).symlink_to(ROOT / V1)
        results = tree / "build" / "profiles" / V1
        done = run(tree, "scripts/workshop", "heaptrack", V1, "-n", "500")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        before = {path.name: path.read_bytes() for path in results.iterdir()}
        self.assertGreater(len(before["heaptrack.zst"]), 0)
        (tree / "build" / "bin").unlink()
        (tree / "build" / "bin").mkdir()
        program = tree / "build" / "bin" / f"leftpad-{V1}-heaptrack"
        program.symlink_to("/bin/false")
        done = run(tree, "scripts/workshop", "heaptrack", V1, "-n", "500")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(
            done.stderr,
            rf"^error: leftpad-{V1}-heaptrack: not ready.*"
            rf"Start it by hand: build/bin/leftpad-{V1}-heaptrack\n$"
        )
        self.assertEqual({path.name: path.read_bytes() for path in results.iterdir()}, before)


def run(tree, *command):
    return subprocess.run([tree / command[0], *command[1:]], cwd=tree, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)


@built
class AllocSites(Captures):
    def test_the_line_that_prepends_is_in_v1_only(self):
        out, _ = self.ends("workshop", "alloc-sites", V1, V2, "--out", self.out)
        old, _, new = out.partition(f"\nOnly in {V2}: ")
        line = "padded = std::string(pad) + padded;"
        self.assertRegex(
            old, rf"leftpad.cpp:\d+  in service::leftpad\n +{re.escape(line)}\n +2 x operator new")
        self.assertNotIn(line, new)
        self.assertIn("padded.reserve(", new)
        self.assertNotIn("statsd.cpp", new)

    def test_a_stage_is_not_compared_with_itself(self):
        _, err = self.ends("workshop", "alloc-sites", V1, V1, "--out", self.out, status=2)
        self.assertRegex(err, "^error: v1-naive: a stage is compared with another one. Try ")

    def test_both_runs_say_the_same(self):
        first, _ = self.ends("workshop", "alloc-sites", V1,
                             "--stacks", "--others", "--out", self.out)
        again, _ = self.ends("workshop", "alloc-sites", V1,
                             "--stacks", "--others", "--out", self.out)
        self.assertEqual(first, again)
        self.assertIn("std::operator+ > ", first)

    def test_the_json_has_every_site(self):
        out, _ = self.ends("workshop", "alloc-sites", V1, "--out", self.out)
        sites = json.loads((self.out / "alloc-sites.json").read_text())[V1]
        self.assertEqual(len(sites), int(re.search(r"on (\d+) lines", out)[1]))
        self.assertLessEqual({site["file"] for site in sites},
                             {"handlers.cpp", "leftpad.cpp", "logger.cpp", "statsd.cpp"})


def tree_of(page):
    return json.loads(re.search(r'id="flame">(.*?)</script>', page.read_text(),
                                re.DOTALL)[1])["root"]


def totals(node, name):
    """[old, new] of a function, wherever it is called from."""
    if node["n"] == name:
        return [node["o"], node["v"]]
    sums = [totals(child, name) for child in node["c"]]
    return [sum(column) for column in zip(*sums)] if sums else [0, 0]


if __name__ == "__main__":
    unittest.main()
