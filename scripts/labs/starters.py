"""Makes the directories of a lab: the sick service, its solution, a decoy. Each is v2-optimized and patches."""
import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from labs import paths
from labs.errors import Failure


def copy_with(patches, target):
    """Copies v2-optimized to `target` and applies the patches in order. The target must not exist."""
    shutil.copytree(paths.ROOT / paths.BASE_STAGE, target)
    for patch in patches:
        done = subprocess.run(["patch", "--quiet", "--no-backup-if-mismatch", "--fuzz=0", "-p1", "-d", str(target),
                               "-i", str(patch)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            shutil.rmtree(target)
            raise Failure(paths.relative(patch), f"it does not apply to {paths.BASE_STAGE}: {done.stdout.strip()}",
                          "Has v2-optimized changed? Restore it: git checkout v2-optimized")


@contextlib.contextmanager
def directory_with(patches):
    with tempfile.TemporaryDirectory(prefix="leftpad-lab.") as parent:
        target = Path(parent, "stage")
        copy_with(patches, target)
        yield target


def starter(lab):
    return directory_with([lab.starter])


def solution(lab):
    return directory_with([lab.starter, lab.solution] if lab.solution else [])


def decoy(lab, patch):
    return directory_with([lab.starter, patch])
