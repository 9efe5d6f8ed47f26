#!/usr/bin/python3
"""Checks that README.md shows code that is compiled.

Before each block of C++ or CMake stands <!-- code: FILE [region] -->; the block must be the lines
between the two comments "// [region]" (or "# [region]") of FILE, without their common indentation.
With --update, the blocks are rewritten.
"""

import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"<!-- code: (\S+) (\[[^]]+\]) -->\n```(\w+)\n(.*?)```\n", re.DOTALL)


def region(file, name):
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    marks = [n for n, line in enumerate(lines) if line.strip() in (f"// {name}", f"# {name}")]
    if len(marks) != 2:
        sys.exit(f"{file}: {name} must stand there twice, around the region")
    return textwrap.dedent("\n".join(lines[marks[0] + 1:marks[1]])) + "\n"


def main():
    text = README.read_text(encoding="utf-8")
    wanted = BLOCK.sub(lambda m: f"<!-- code: {m[1]} {m[2]} -->\n```{m[3]}\n"
                       f"{region(m[1], m[2])}```\n", text)
    unmarked = len(re.findall(r"```(?:cpp|cmake)\n", text)) - len(BLOCK.findall(text))
    if "--update" in sys.argv:
        README.write_text(wanted, encoding="utf-8")
    elif wanted != text:
        sys.exit("README.md differs from the sources: run tests/readme_test.py --update")
    if unmarked:
        sys.exit(f"README.md: {unmarked} blocks of code have no <!-- code: --> line before them")


if __name__ == "__main__":
    main()
