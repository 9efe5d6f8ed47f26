"""`make soak` on the real service: what a stopped soak leaves behind."""
import os
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2]
SERVICE = SCRIPTS.parent / "build" / "bin" / "leftpad-v2-optimized"


def session(leader):
    """Ids of the processes that this one has started, itself included."""
    done = subprocess.run(["ps", "-o", "pid=", "--sid", str(leader)], stdout=subprocess.PIPE,
                          text=True, check=False)
    return done.stdout.split()


@unittest.skipUnless(SERVICE.exists(), "make build has not run")
class Stopped(unittest.TestCase):
    def test_a_signal_leaves_no_process_and_no_folder(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number=number):
                self.assertEqual(self.stopped_by(number), (128 + number, [], []))

    def stopped_by(self, number):
        """(exit status, processes left, temporary files left) of a soak that gets a signal under
        load."""
        temp = Path(self.enterContext(tempfile.TemporaryDirectory()))
        child = subprocess.Popen([SCRIPTS / "workshop", "soak", "v2-optimized", "--seconds", "60"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, start_new_session=True,
                                 env={**os.environ, "TMPDIR": str(temp)})
        deadline = time.monotonic() + 60
        while len(session(child.pid)) < 3:  # the command, the service, ab
            self.assertLess(time.monotonic(), deadline, "the load did not begin")
            time.sleep(0.05)
        time.sleep(1)
        os.kill(child.pid, number)
        child.wait(timeout=60)
        deadline = time.monotonic() + 5
        while session(child.pid) and time.monotonic() < deadline:  # ab has lost its server
            time.sleep(0.05)
        return child.returncode, session(child.pid), list(temp.iterdir())


if __name__ == "__main__":
    unittest.main()
