"""A path as a learner types it."""
import unittest

from base.paths import ROOT, relative


class Relative(unittest.TestCase):
    def test_the_root_is_left_out_where_a_path_begins(self):
        self.assertEqual(relative(ROOT / "build" / "bin"), "build/bin")
        self.assertEqual(relative(f"--out={ROOT}/build"), "--out=build")

    def test_a_folder_elsewhere_that_ends_like_the_root_stays(self):
        elsewhere = f"/opt{ROOT}/tools/pprof"
        self.assertEqual(relative(elsewhere), elsewhere)


if __name__ == "__main__":
    unittest.main()
