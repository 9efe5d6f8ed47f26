"""Checks that ARCHITECTURE.md lists exactly the Debian packages of scripts/packages.txt."""

import re
from pathlib import Path

_ROW = re.compile(r"^\| `([a-z0-9.+-]+)` \|", re.MULTILINE)


def problems(root: Path) -> list[str]:
    page = root / "docs" / "ARCHITECTURE.md"
    listed = set(_ROW.findall(page.read_text(encoding="utf-8")))
    wanted = installed_by_setup((root / "scripts" / "packages.txt").read_text(encoding="utf-8"))
    missing = [f"package {name} of scripts/packages.txt has no row" for name in sorted(wanted - listed)]
    return missing + [f"package {name} is not in scripts/packages.txt" for name in sorted(listed - wanted)]


def installed_by_setup(text: str) -> set[str]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return {line.partition("|")[0] for line in lines if line and not line.startswith("[")}
