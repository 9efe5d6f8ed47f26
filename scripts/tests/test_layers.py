"""layers.py on a copy of the scripts, whole and broken."""
import shutil
import tempfile
import unittest
from pathlib import Path

import layers
from base.paths import ROOT


class Layers(unittest.TestCase):
    def folder(self):
        return Path(self.enterContext(tempfile.TemporaryDirectory()))

    def faults(self, root, files):
        """The faults of a tree with these files added: {name: text}."""
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return layers.faults(root)

    def test_the_scripts_have_no_fault(self):
        self.assertEqual(layers.faults(ROOT / "scripts"), [])

    def test_one_import_that_points_up_is_found_in_them(self):
        copy = self.folder() / "scripts"
        shutil.copytree(ROOT / "scripts", copy, ignore=shutil.ignore_patterns("__pycache__"))
        found, = self.faults(copy, {"base/made.py": "\n\nfrom labs import catalog\n"})
        self.assertRegex(found, r"/base/made\.py:3: labs\.catalog is imported, and labs lies above "
                                r"base\. Move down")

    def test_every_way_to_write_it_is_found(self):
        for line in ("import labs.one", "from labs import one", "from labs.one import find",
                     "from labs import one as it", "def late():\n    import labs.one as it",
                     "try:\n    from labs.one import find\nexcept ImportError:\n    find = None"):
            with self.subTest(line):
                self.assertEqual(len(self.faults(self.folder(), {
                    "labs/one.py": "", "base/one.py": line})), 1)

    def test_every_neighbour_of_the_order_is_told_apart(self):
        for below, above in zip(layers.ORDER, layers.ORDER[1:]):
            up, down = f"from {above} import a\n", f"from {below} import b\n"
            found = self.faults(self.folder(), {f"{below}/b.py": up, f"{above}/a.py": ""})
            self.assertIn(f"{above} lies above {below}", "".join(found))
            self.assertEqual(self.faults(self.folder(), {f"{below}/b.py": "",
                                                         f"{above}/a.py": down}), [])

    def test_a_module_at_the_top_lies_above_every_package(self):
        found, = self.faults(self.folder(), {"top.py": "from base import one",
                                             "base/one.py": "", "walkthrough/two.py": "import top"})
        self.assertIn("top lies above walkthrough", found)

    def test_a_circle_is_named_with_its_members(self):
        found, = self.faults(self.folder(), {
            "base/one.py": "from base import two",
            "base/two.py": "def late():\n    import base.one"})
        self.assertRegex(
            found, "base.(one -> base.two -> base.one|two -> base.one -> base.two) is a circle")

    def test_a_package_without_a_place_is_named(self):
        found, = self.faults(self.folder(), {"newcomer/one.py": "import os"})
        self.assertIn("newcomer: this package has no place in ORDER", found)


if __name__ == "__main__":
    unittest.main()
