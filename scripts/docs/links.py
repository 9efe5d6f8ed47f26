"""Checks links between files of the repository, their anchors, and the alt texts of pictures."""

import re
from pathlib import Path

from docs.markdown import Chapter

# The text of a link may have begun on the line before.
_LINK = re.compile(r"(?:(!?)\[([^\]]*))?\]\(([^)\s]+)\)")
_CODE = re.compile(r"`[^`]*`")


def problems(root: Path, chapter: Chapter) -> list[tuple[int, str]]:
    found = []
    for number, text in chapter.prose():
        for image, label, target in _LINK.findall(_CODE.sub("``", text)):
            if image and len(label) < 20:
                found.append(
                    (number, f"picture {target}: its alt text must state what it shows, in words"))
            if not re.match(r"[a-z]+:", target):
                found.extend((number, reason) for reason in _broken(root, chapter.path, target))
    return found


def _broken(root: Path, source: Path, target: str) -> list[str]:
    path, _, anchor = target.partition("#")
    file = (source.parent / path).resolve() if path else source
    if not file.exists():
        return [f"link {target}: there is no such file"]
    if not file.is_relative_to(root):
        return [f"link {target}: it leaves the repository"]
    if anchor and anchor not in anchors(file.read_text(encoding="utf-8")):
        return [f"link {target}: {file.name} has no heading '{anchor}'"]
    return []


def anchors(text: str) -> set[str]:
    """The anchors that GitHub and mkdocs give to headings."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", re.sub(r"<!--.*?-->", "", heading)).strip().lower()
             for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}
