"""Checks commands and files that prose merely mentions: `make TARGET`, `scripts/NAME.sh`,
`docs/…`, `common/…`."""

import re
from pathlib import Path

from docs.markdown import Chapter

_MAKE = re.compile(r"`make ([a-z][a-z-]*)")
_FILE = re.compile(r"`((?:scripts|docs|common|v1-naive|v2-optimized)/[\w./-]*\w/?)(?=[` ])")


def problems(root: Path, chapter: Chapter) -> list[tuple[int, str]]:
    makefile = root / "Makefile"
    rules = makefile.read_text(encoding="utf-8") if makefile.is_file() else ""
    found = []
    for number, text in chapter.prose():
        for target in _MAKE.findall(text):
            if not re.search(rf"^{target}:", rules, re.MULTILINE):
                found.append((number, f"`make {target}`: the Makefile has no such target"))
        for path in _FILE.findall(text):
            if not (root / path).exists():
                found.append((number, f"`{path}`: there is no such file"))
    return found
