"""Where things are, and the one request of all examples and measurements."""
import os
import re
from pathlib import Path

ROOT = Path(__file__).absolute().parents[2]
BUILD = ROOT / "build"
PROFILES = BUILD / "profiles"
PPROF = Path(os.environ.get("WORKSHOP_TOOLS") or BUILD / "tools") / "pprof"
PYTHON = "/usr/bin/python3"  # Debian's own: the first python3 on PATH may lack Debian's modules
EXAMPLE_TARGET = "/v1/leftpad/?str=test&len=50&chr=*"


def relative(path: object) -> str:
    """The path as a learner at the root of the repository would type it."""
    return re.sub(rf"(?<![\w.-]){re.escape(str(ROOT))}/", "", str(path))
