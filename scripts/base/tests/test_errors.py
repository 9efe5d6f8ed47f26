"""How the Python commands end: a failure, Ctrl-C, a reader that went away, a full disk."""
import subprocess
import sys
import unittest

from base.tests.fake_tree import SCRIPTS


def ends(body, output=subprocess.PIPE):
    """(exit status, standard error) of a command whose main function does this."""
    code = f"from base.errors import *\ndef main(_):\n  {body}\nmain_of(main)"
    child = subprocess.Popen([sys.executable, "-c", code], cwd=SCRIPTS, stdout=output,
                             stderr=subprocess.PIPE, text=True)
    if child.stdout:
        child.stdout.close()
    with child.stderr:
        return child.wait(60), child.stderr.read()


class Errors(unittest.TestCase):
    def test_a_failure_is_one_line(self):
        self.assertEqual(ends("raise Failure('5', 'at most 4', 'Give less')"),
                         (1, "error: 5: at most 4. Give less\n"))

    def test_ctrl_c_ends_without_a_word(self):
        self.assertEqual(ends("raise KeyboardInterrupt"), (130, ""))

    def test_a_reader_that_went_away_ends_it_without_a_word(self):
        self.assertEqual(ends("print('much ' * 100000)"), (141, ""))
        self.assertEqual(ends("print('little')"), (141, ""))

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "wb") as full:
            self.assertEqual(
                ends("print('much ' * 100000, flush=True)", full)[1].splitlines()[0],
                "error: the output: No space left on device. Fix that and run the command again")

    def test_an_error_without_a_number_is_told(self):
        self.assertEqual(ends("raise TimeoutError('timed out')"),
                         (1, "error: the output: timed out. Fix that and run the command again\n"))


if __name__ == "__main__":
    unittest.main()
