"""The labs. docs/labs/NN/ holds, for each:

README.md          the page; its headings are the same in every lab
lab.json           stage, base (absent: v2-optimized), minutes;
                   predict {question, metric | answer}: what is counted of the starter, or known;
                   budgets [{metric, max | min | equals, next}]: what passes, and what to do if it
                   does not; with "behaviour" also judged where the behaviour is wrong;
                   instructions [{operation, min_ratio, next}]: tier 2; without an operation tier 1,
                   {min_percent, next}: of the instructions of a request that the repair saves;
                   of: which request, in words; request: how it is asked (see asking.py); less:
                   another one, if what one has more than the other is counted;
                   time: the operation of tier 3, if it is another one;
                   views: see views.py
starter.patch      turns a copy of the base into the sick service
solution.patch     repairs it (absent: the base is the solution)
decoys/*.patch     each turns the sick service into a wrong solution, which must fail
variants/*.patch   (absent: none) each into another right one, which must pass

docs/labs/decoys/*.cpp: code that repairs no lab; with it each sick service must fail.
"""
import json
import re
from dataclasses import dataclass
from pathlib import Path

from base.errors import Failure
from labs import paths


DECOYS = sorted(paths.LABS.glob("decoys/*.cpp"))


@dataclass(frozen=True)
class Lab:
    """solution: None if the base is the solution. data: lab.json."""

    number: int
    stage: str
    base: str
    title: str
    page: Path
    starter: Path
    solution: Path | None
    decoys: list[Path]
    variants: list[Path]
    data: dict

    @property
    def budgets(self) -> list[dict]:
        """What passes, metric by metric."""
        return self.data["budgets"]

    def section(self, heading: str) -> str:
        """The text below `## heading` of the page, without that line. Raises Failure if there is
        none."""
        text = self.page.read_text(encoding="utf-8")
        found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
        if not found:
            raise Failure(paths.relative(self.page), f"it has no section '{heading}'",
                          "Restore the file: git checkout docs/labs")
        return found[1].strip()

    def lesson(self) -> list[str]:
        """The paragraphs below "After PASS" that begin in bold, as plain text of one line each; a
        link is its text."""
        found = re.findall(r"^\*\*(.+?)(?=\n\n)", self.section("After PASS"), re.M | re.S)
        return [re.sub(r"\[([^]]*)\]\([^)]*\)|[*`]", r"\1", " ".join(one.split()))
                for one in found if not one.startswith("The other views")]

    def hints(self) -> list[str]:
        """The numbered texts below "Hints", each in one line."""
        return [" ".join(hint.split()) for hint in re.findall(
            r"^\d+\. (.*?)(?=^\d+\. |^</details>|\Z)", self.section("Hints"), re.M | re.S)]


def _read(folder):
    data = json.loads((folder / "lab.json").read_text(encoding="utf-8"))
    page, solution = folder / "README.md", folder / "solution.patch"
    return Lab(int(folder.name), data["stage"], data.get("base", paths.BASE_STAGE),
               page.read_text(encoding="utf-8").partition("\n")[0].lstrip("# "), page,
               folder / "starter.patch", solution if solution.exists() else None,
               sorted((folder / "decoys").glob("*.patch")),
               sorted((folder / "variants").glob("*.patch")), data)


def all_labs() -> list[Lab]:
    """Every Lab, by its number."""
    return [_read(file.parent) for file in sorted(paths.LABS.glob("[0-9][0-9]/lab.json"))]


def find(number: str | int) -> Lab:
    """The lab with this number. Raises Failure with the list of labs."""
    labs = {str(lab.number): lab for lab in all_labs()}
    if lab := labs.get(str(number).lstrip("0")):
        return lab
    raise Failure(f"lab '{number}'", f"there are {', '.join(labs)}", "For example: make lab N=1")
