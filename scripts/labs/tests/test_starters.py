"""Folders that labs make appear whole, whoever else makes them at the same time."""
import tempfile
import unittest
from pathlib import Path

from labs import starters


class Whole(unittest.TestCase):
    def setUp(self):
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.target = self.root / "labs" / "locale"

    def fill(self, text, meanwhile=lambda: None):
        with starters.whole(self.target) as fresh:
            fresh.mkdir()
            (fresh / "file").write_text(text, encoding="utf-8")
            self.assertFalse(self.target.exists())
            meanwhile()

    def test_two_at_once_do_not_disturb_each_other(self):
        self.fill("first", lambda: self.fill("second"))
        self.assertEqual((self.target / "file").read_text(encoding="utf-8"), "second")
        self.assertEqual([path.name for path in self.target.parent.iterdir()], ["locale"])

    def test_what_is_interrupted_leaves_nothing(self):
        def interrupt():
            raise KeyboardInterrupt
        with self.assertRaises(KeyboardInterrupt):
            self.fill("half", interrupt)
        self.assertEqual(list(self.target.parent.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
