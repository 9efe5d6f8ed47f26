"""Checks what a page refers to: links and their anchors, alt texts of pictures, and commands and
files that prose merely mentions: `make TARGET`, `scripts/NAME.sh`, `docs/…`, `common/…`."""
import re
from pathlib import Path

from docs.markdown import Chapter

# The text of a link may have begun on the line before.
_LINK = re.compile(r"(?:(!?)\[([^\]]*))?\]\(([^)\s]+)\)")
_CODE = re.compile(r"`[^`]*`")
_MAKE = re.compile(r"`make ([a-z][a-z-]*)")
_FILE = re.compile(r"`((?:scripts|docs|common|v1-naive|v2-optimized)/[\w./-]*\w/?)(?=[` ])")


def problems(root: Path, chapter: Chapter) -> list[tuple[int, str]]:
    """(line, reason) of everything that is not there."""
    makefile = root / "Makefile"
    rules = makefile.read_text(encoding="utf-8") if makefile.is_file() else ""
    found = []
    for number, text in chapter.prose():
        for image, label, target in _LINK.findall(_CODE.sub("``", text)):
            if image and len(label) < 20:
                found.append(
                    (number, f"picture {target}: its alt text must state what it shows, in words"))
            if not re.match(r"[a-z]+:", target) and (
                    reason := _broken(root, chapter.path, target)):
                found.append((number, f"link {target}: {reason}"))
        found += [(number, f"`make {target}`: the Makefile has no such target")
                  for target in _MAKE.findall(text)
                  if not re.search(rf"^{target}:", rules, re.MULTILINE)]
        found += [(number, f"`{path}`: there is no such file")
                  for path in _FILE.findall(text) if not (root / path).exists()]
    return found


def _broken(root: Path, source: Path, target: str) -> str:
    path, _, anchor = target.partition("#")
    file = (source.parent / path).resolve() if path else source
    if not file.exists():
        return "there is no such file"
    if not file.is_relative_to(root):
        return "it leaves the repository"
    if anchor and anchor not in _anchors(file.read_text(encoding="utf-8")):
        return f"{file.name} has no heading '{anchor}'"
    return ""


def _anchors(text: str) -> set[str]:
    """The anchors that GitHub and mkdocs give to headings."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", re.sub(r"<!--.*?-->", "", heading)).strip().lower()
             for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}
