"""Keeps ARCHITECTURE.md's table of Debian packages in agreement with scripts/packages.txt."""

import re
from pathlib import Path

_ROWS = re.compile(r"(?:^\| `[^\n]*\n)+", re.MULTILINE)
_HEADER = "| package | group | reason |\n| --- | --- | --- |\n"


def problems(root: Path) -> list[str]:
    page, table = _page(root).read_text(encoding="utf-8"), _table(root)
    shown = set(_rows_of(page).splitlines())
    wanted = set(table.splitlines())
    missing = [
        f"scripts/packages.txt has a package that is not here: {row}" for row in sorted(wanted -
                                                                                        shown)
    ]
    return missing + [
        f"scripts/packages.txt does not say so: {row}" for row in sorted(shown - wanted)
    ]


def rewrite(root: Path) -> None:
    """Makes the table anew, if there is a page."""
    page = _page(root)
    if page.is_file():
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace(_HEADER + _rows_of(text), _HEADER + _table(root)),
                        encoding="utf-8")


def _page(root: Path) -> Path:
    return root / "docs" / "ARCHITECTURE.md"


def _rows_of(text: str) -> str:
    _, _, rest = text.partition(_HEADER)
    found = _ROWS.match(rest)
    return found[0] if found else ""


def _table(root: Path) -> str:
    rows, group = [], ""
    for line in (root / "scripts" / "packages.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            group = line[1 : line.index("]")]
            continue
        package, _, reason = line.partition("#")
        if package.strip():
            rows.append(
                f"| `{package.split('|')[0].strip().replace('/', '` or `')}` | {group} | "
                f"{reason.strip()} |\n")
    return "".join(rows)
