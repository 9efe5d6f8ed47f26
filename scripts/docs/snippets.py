"""Cuts snippets out of source files, so that no chapter shows code that is not compiled.

`<!-- code: PATH -->` the whole file; `PATH name()` a function; `PATH class Name` (or struct);
`PATH [region]` the lines between two comments `// [region]`.
The sources are formatted by clang-format: a definition ends at the first closing brace that is
indented like its first line.
"""

import re
from pathlib import Path

from docs.markdown import DocumentError


def snippet(root: Path, text: str) -> list[str]:
    """The lines that the text of a directive names. Raises DocumentError."""
    path, _, what = text.partition(" ")
    file = root / path
    if not file.is_file():
        raise DocumentError(f"code {path}: no such file")
    lines = file.read_text(encoding="utf-8").splitlines()
    if not what:
        return lines
    found = _region(lines, what) if what.startswith("[") else _definition(lines, what)
    if not found:
        raise DocumentError(f"code {text}: {what} is not defined in {path}")
    return _without_indent(found)


def _region(lines: list[str], name: str) -> list[str]:
    marks = [n for n, line in enumerate(lines) if line.strip() in (f"// {name}", f"# {name}")]
    return lines[marks[0] + 1 : marks[1]] if len(marks) == 2 else []


def _definition(lines: list[str], what: str) -> list[str]:
    function = what.endswith("()")
    name = re.escape(what.removesuffix("()"))
    start_of = re.compile(rf"(?:^|[\s*&]){name}\(" if function else rf"^\s*{name}\b")
    for number, line in enumerate(lines):
        if not start_of.search(line) or re.match(r"\s*(?://|if|for|while|return|\}|#)", line):
            continue
        head = next((n for n in range(number, len(lines)) if lines[n].endswith(("{", ";", "}"))),
                    None)
        if head is None or lines[head].endswith(";"):
            continue
        first = number
        while first and lines[first - 1].strip().startswith("//"):
            first -= 1
        return lines[first : _end(lines, number, head) + 1]
    return []


def _end(lines: list[str], start: int, head: int) -> int:
    if lines[head].endswith("}"):
        return head
    indent = re.match(r"\s*", lines[start])[0]
    return next(n for n in range(head, len(lines)) if re.fullmatch(rf"{indent}\}};?", lines[n]))


def _without_indent(lines: list[str]) -> list[str]:
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return [line[indent:] for line in lines]
