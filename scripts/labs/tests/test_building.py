"""How a learner's stage is copied, compiled and linked."""
import concurrent.futures
import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from labs import bugs, building, catalog, paths, starters


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
                    make(Path(folder, "v3-lab01"))
                self.assertEqual([file.name for file in Path(folder).iterdir()], [paths.BASE_STAGE])


class Pruning(unittest.TestCase):
    def test_many_at_once_find_each_folder_there_or_gone(self):
        root = Path(self.enterContext(tempfile.TemporaryDirectory()), "stages")
        self.enterContext(mock.patch.multiple(building, KEPT=2, KEPT_SECONDS=-1))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(building._prune, root / str(n % 40)) for n in range(800)]:
                done.result()
        self.assertEqual(len(list(root.iterdir())), 2)


class Stages(unittest.TestCase):
    def setUp(self):
        self.stage = Path(self.enterContext(tempfile.TemporaryDirectory()), "v3-mine")
        shutil.copytree(paths.ROOT / paths.BASE_STAGE, self.stage)

    def write(self, name, text):
        file = self.stage / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def refused(self):
        with self.assertRaises(building.CompileError) as error:
            building.program(self.stage, "test")
        return str(error.exception)

    def test_a_list_of_sources_that_is_missing_or_reaches_outside_is_the_stages_fault(self):
        for text, said in (
                ("project(x)\n", "the stage's CMakeLists.txt has no add_stage(…)"),
                ("add_stage(leftpad.cpp none.cpp)",
                 "none.cpp: add_stage() lists it, but it is not there"),
                ("add_stage(../v3-mine/leftpad.cpp)",
                 "../v3-mine/leftpad.cpp: add_stage() lists it, but it is not there")):
            self.write("CMakeLists.txt", text)
            self.assertEqual(self.refused(), said)

    def test_its_own_cmake_code_is_refused_and_not_run(self):
        for code in ('message(FATAL_ERROR "run")', "add_stage(leftpad.cpp)",
                     'set_property(SOURCE leftpad.cpp PROPERTY COMPILE_OPTIONS "-Os")',
                     "set_source_files_properties(leftpad.cpp PROPERTIES COMPILE_OPTIONS -Os)",
                     'set_source_files_properties(a.cpp b.cpp PROPERTIES COMPILE_OPTIONS "-Os")'):
            self.write("CMakeLists.txt", f"{code}\nadd_stage(leftpad.cpp)")
            self.assertIn("a stage that is graded has one add_stage(…)", self.refused())

    def test_what_is_a_comment_in_cmake_is_one_here(self):
        self.write("CMakeLists.txt", """# add_stage(other.cpp)
            add_stage (leftpad.cpp  # the function
              statsd.cpp)
            #[[ set_source_files_properties(leftpad.cpp PROPERTIES COMPILE_OPTIONS "-Os") ]]
            #[=[ message("]]") ]=]""")
        self.assertEqual(building.lists_of(building.files_of(self.stage)),
                         "add_stage(leftpad.cpp statsd.cpp)")

    def test_of_its_own_options_it_keeps_those_about_stacks_and_others_are_refused(self):
        lists = ("add_stage(leftpad.cpp)\nset_source_files_properties(leftpad.cpp PROPERTIES "
                 'COMPILE_OPTIONS\n  "{}")\n')
        self.write("CMakeLists.txt", lists.format("-Os;-fno-asynchronous-unwind-tables"))
        self.assertEqual(building.lists_of(building.files_of(self.stage)),
                         "add_stage(leftpad.cpp)\nset_source_files_properties(leftpad.cpp "
                         'PROPERTIES COMPILE_OPTIONS '
                         '"-Os;-fno-asynchronous-unwind-tables")')
        for option in ("-fplugin=/tmp/x.so", "-include /etc/passwd", "-wrapper;x", "$ENV{HOME}"):
            self.write("CMakeLists.txt", lists.format(f"-Os;{option}"))
            self.assertIn("a stage is not graded with this option", self.refused())
        self.write("CMakeLists.txt", lists.format("-Os").replace("ties(leftpad.cpp",
                                                                 "ties($<TARGET_FILE:x>"))
        self.assertIn("this is no name of a source", self.refused())

    def test_what_it_leaves_out_does_not_come_from_the_solution(self):
        self.write("CMakeLists.txt", "add_stage(statsd.cpp logger.cpp handlers.cpp)")
        said = self.refused()
        self.assertRegex(said, r"^\S*handlers\.cpp.*: undefined reference to `service::leftpad")
        self.assertNotIn(str(paths.ROOT), said)

    def test_an_error_in_a_file_of_the_workshop_is_named_as_in_the_clone(self):
        self.write("logger.h", "#error mine\n")
        self.assertEqual(self.refused(), "v3-mine/logger.h:1:2: error: #error mine")
        self.write("logger.h", "#pragma once\n")
        self.assertRegex(self.refused(), r"^(common|v3-mine)/\S+:\d+:\d+: error: ")

    def test_whatever_a_source_may_include_makes_a_new_program_and_nothing_else_does(self):
        self.enterContext(mock.patch.object(paths, "BUILD", self.stage.parent))
        self.enterContext(mock.patch.object(building, "_boxed",
                                            return_value=mock.Mock(status=0)))
        before = building.program(self.stage, "test")
        for name, new in (("leftpad.cpp", True), ("x.hpp", True), ("detail/x.h", True),
                          ("answer.json", False)):
            self.write(name, "// changed")
            now = building.program(self.stage, "test")
            self.assertEqual(now != before, new, name)
            before = now
        self.assertNotEqual(building.program(self.stage, "test", debug_information=True), before)

    def test_of_many_stages_the_last_ones_are_kept(self):
        self.enterContext(mock.patch.object(paths, "BUILD", self.stage.parent))
        self.enterContext(mock.patch.multiple(building, KEPT=2, KEPT_SECONDS=-1))
        self.enterContext(mock.patch.object(building, "_boxed",
                                            return_value=mock.Mock(status=0)))
        made = []
        for number in range(4):
            self.write("leftpad.cpp", f"// {number}")
            made.append(building.program(self.stage, "test").parents[1])
        self.assertEqual([folder.exists() for folder in made], [False, False, True, True])


if __name__ == "__main__":
    unittest.main()
