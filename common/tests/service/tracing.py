"""For tests that need strace."""

import shutil
import subprocess
import sys

SKIPPED = 77  # the exit code that CTest takes for a skipped test


def skip_without_strace():
    """Ends the program where strace is missing or may not trace, as in some containers."""
    command = ["strace", "-c", "-o", "/dev/null", "true"]
    if not shutil.which("strace") or subprocess.run(command, capture_output=True).returncode:
        print("skipped: strace is missing (apt-get install strace) or may not trace here")
        sys.exit(SKIPPED)
