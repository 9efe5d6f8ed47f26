"""How a learner's stage is copied, compiled and linked."""
import shlex
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from labs import bugs, catalog, forge, grader, paths, starters


class HalfAStage(unittest.TestCase):
    def test_an_interrupted_lab_leaves_none(self):
        for make in (lambda at: starters.copy_with([catalog.find(1).starter], at),
                     lambda _: bugs.bug(1, answer=False)):
            with tempfile.TemporaryDirectory() as folder, mock.patch.object(
                    paths, "ROOT", Path(folder)):
                Path(folder, paths.BASE_STAGE).mkdir()
                with mock.patch.object(starters.children, "run",
                                       side_effect=KeyboardInterrupt), \
                        mock.patch.object(bugs, "inject", side_effect=KeyboardInterrupt), \
                        self.assertRaises(KeyboardInterrupt):
                    make(Path(folder, "v3-lab01-x"))
                self.assertEqual([file.name for file in Path(folder).iterdir()], [paths.BASE_STAGE])

    def test_without_its_list_of_sources_it_does_not_compile(self):
        with tempfile.TemporaryDirectory() as folder, self.assertRaisesRegex(
                forge.CompileError, "CMakeLists.txt has no add_stage"):
            forge.sources_of(Path(folder))

    def test_what_it_leaves_out_does_not_come_from_the_solution(self):
        with tempfile.TemporaryDirectory() as folder:
            names = [
                f"{name}.o" for name in (*forge.sources_of(paths.ROOT / paths.BASE_STAGE),
                                         "run_app.cpp")
            ]
            for name in names:
                Path(folder, name).write_text(name, encoding="utf-8")
            subprocess.run(["ar", "qS", "libstage.a", *names], cwd=folder, check=True,
                           capture_output=True)
            maker = mock.Mock(objects=Path(folder), base=paths.ROOT / paths.BASE_STAGE)
            rest = forge.Forge._rest_of(maker, Path(folder, "libstage.a"))
            done = subprocess.run(["ar", "t", str(rest)], capture_output=True, text=True,
                                  check=True)
            self.assertEqual(done.stdout.split(), ["run_app.cpp.o"])

    def test_whatever_a_source_may_include_makes_a_new_object_and_nothing_else_does(self):
        stage, build = (Path(self.enterContext(tempfile.TemporaryDirectory())) for _ in range(2))
        (stage / "detail").mkdir()
        for name in ("a.cpp", "b.cpp", "x.h", "x.hpp", "table.inc", "detail/x.h", "answer.json"):
            (stage / name).write_text("", encoding="utf-8")
        (stage / "CMakeLists.txt").write_text("add_stage(a.cpp b.cpp)\n", encoding="utf-8")
        entry = {
            "file": str(stage / "a.cpp"), "directory": str(build),
            "command": "sh -c 'echo >\"$2\"' sh -o a.o"
        }
        with mock.patch.object(paths, "BUILD", build), \
                mock.patch.object(forge, "_compile_commands", list), \
                mock.patch.object(forge.Forge, "_state_of_base", lambda *_: b""):
            maker = forge.Forge()
            before = maker._object(entry, stage)
            for name, new in (("a.cpp", True), ("b.cpp", False), ("x.h", True), ("x.hpp", True),
                              ("table.inc", True), ("detail/x.h", True), ("answer.json", False)):
                (stage / name).write_text("changed", encoding="utf-8")
                now = maker._object(entry, stage)
                self.assertEqual(now != before, new, name)
                before = now

    def test_a_clone_in_a_folder_with_a_space_is_built_with_the_stages_own_headers(self):
        root = Path(self.enterContext(tempfile.TemporaryDirectory()), "my c++ (x)")
        base = root / paths.BASE_STAGE
        said = (f"v2.dir/a.o: #deps 2, deps mtime 1 (VALID)\n    /usr/include/x.h\n    "
                f"{base}/logger.h\n\nv2.dir/b.o: #deps 1, deps mtime 1 (VALID)\n    /x.h\n")
        with mock.patch.object(paths, "ROOT", root), \
                mock.patch.object(paths, "BUILD", root / "build"), \
                mock.patch.object(forge, "_compile_commands", list), \
                mock.patch.object(subprocess, "run", return_value=mock.Mock(stdout=said)):
            maker = forge.Forge()
            self.assertEqual(maker._users_of_headers, {"v2.dir/a.o"})
            entry = {
                "command": f'c++ -I"{base}" -I"{base}-not" -I/x -o a.o -c "{base}/a.cpp"',
                "file": f"{base}/a.cpp"
            }
            moved = maker._moved(entry, root / "v3-mine")
        self.assertEqual(shlex.split(moved["command"]), [
            "c++", f"-I{root}/v3-mine", f"-I{base}-not", "-I/x", "-o", "a.o", "-c",
            f"{root}/v3-mine/a.cpp"
        ])

    def test_what_the_linker_misses_is_named_without_paths_of_this_machine(self):
        said = (
            f"/usr/bin/ld: {paths.BUILD}/labs/objects/0a1b.o: in function "
            f"`f':\n{paths.BUILD}/labs/objects/0a1b.o: handlers.cpp:(.text+0x1): "
            "undefined reference to `g'\ncollect2: error: ld returned 1 exit status")
        self.assertEqual(grader._first_error(forge._as_in_the_clone(said)),
                         "handlers.cpp:(.text+0x1): undefined reference to `g'")
        self.assertEqual(forge._as_in_the_clone(f"{paths.ROOT}/common/stage/stage.h:24: error: x"),
                         "common/stage/stage.h:24: error: x")


if __name__ == "__main__":
    unittest.main()
