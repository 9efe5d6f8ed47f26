"""Where things are. LABS_BUILD_DIR names another build directory than build/ (CTest sets it)."""
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("LABS_BUILD_DIR", ROOT / "build"))
LABS = ROOT / "docs" / "labs"
# Not below build/: progress survives `make clean`.
PROGRESS = Path(os.environ.get("LABS_PROGRESS_DIR", ROOT / ".progress"))
PYTHON = sys.executable
BASE_STAGE = "v2-optimized"
NAIVE_STAGE = "v1-naive"


def relative(path):
    """The path as a learner at the root of the repository would type it."""
    try:
        return str(Path(path).relative_to(ROOT))
    except ValueError:
        return str(path)
