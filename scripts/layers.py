"""Fails on an import of the Python commands that points up, and on a circle of imports, also inside
a function. Called by lint.sh: layers.py [FOLDER, instead of scripts/].

An import may point to a package further left in ORDER, or to its own; tests/ are not looked at.
"""
import ast
import graphlib
import sys
from pathlib import Path

ORDER = ("base", "flame", "profiles", "compare", "report", "labs", "soak", "docs", "walkthrough",
         "elsewhere")


def modules(root: Path) -> dict:
    """{dotted name: file} of every module. Those at the top, such as workshop, may import anything
    and lie above all."""
    return {".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): file
            for file in sorted(root.rglob("*.py")) if "tests" not in file.parts}


def _floor(name):
    package = name.split(".")[0]
    return ORDER.index(package) if package in ORDER else len(ORDER)


def imports(file: Path, known: dict) -> list:
    """(line, module of ours) of every import, wherever it stands; relative ones are not ours."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in known else node.module for name in inside]
        found += [(node.lineno, name) for name in names if name in known]
    return found


def faults(root: Path) -> list:
    """One line for each: the place, the rule, the remedy."""
    known = modules(root)
    found = [f"{root / package}: this package has no place in ORDER. Give it one: scripts/layers.py"
             for package in sorted({name.split(".")[0] for name in known if "." in name}
                                   - set(ORDER))]
    arrows = {}
    for name, file in known.items():
        for line, target in imports(file, known):
            arrows.setdefault(name, set()).add(target)
            here, there = (one.split(".")[0] for one in (name, target))
            if _floor(target) > _floor(name):
                found.append(f"{file}:{line}: {target} is imported, and {there} lies above {here}. "
                             f"Move down what both need")
    try:
        graphlib.TopologicalSorter(arrows).prepare()
    except graphlib.CycleError as circle:
        found.append(f"{root}: {' -> '.join(reversed(circle.args[1]))} is a circle of imports. "
                     "Move down what both need")
    return found


def main(arguments: list[str]) -> int:
    """1 if there are faults; prints them."""
    found = faults(Path(arguments[0]) if arguments else Path(__file__).resolve().parent)
    print("\n".join(found), end="\n" if found else "", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
