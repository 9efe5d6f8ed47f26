"""Where things are. LABS_BUILD_DIR names another build directory than build/ (CTest sets it)."""
import os
from pathlib import Path

from base.paths import ROOT, relative  # noqa: F401  (for the others here)

BUILD = Path(os.environ.get("LABS_BUILD_DIR", ROOT / "build"))
LABS = ROOT / "docs" / "labs"
# Not below build/: progress survives `make clean`.
PROGRESS = Path(os.environ.get("LABS_PROGRESS_DIR", ROOT / ".progress"))
BASE_STAGE = "v2-optimized"
