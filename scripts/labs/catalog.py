"""The labs. docs/labs/NN-name/ holds, for each:

README.md          the page; its headings are the same in every lab
lab.json           stage, base (absent: v2-optimized), minutes, predict {question, metric}, and
                   budgets
                   [{metric, max | min | equals, next}]: what passes, and what to do if it does not;
                   instructions {operation, min_ratio, next}: tier 2; time: the operation of tier 3,
                     if it is another one;
                   views: see views.py
starter.patch      turns a copy of the base into the sick service
solution.patch     repairs it (absent: the base is the solution)
decoys/*.patch     each turns the sick service into a wrong solution, which must fail
"""
import json
import re
from dataclasses import dataclass
from pathlib import Path

from labs import paths
from base.errors import Failure


@dataclass(frozen=True)
class Lab:
    number: int
    folder: Path
    data: dict

    @property
    def stage(self) -> str:
        return self.data["stage"]

    @property
    def base(self) -> str:
        return self.data.get("base", paths.BASE_STAGE)

    @property
    def budgets(self) -> list:
        return self.data["budgets"]

    @property
    def page(self) -> Path:
        return self.folder / "README.md"

    @property
    def title(self) -> str:
        return self.page.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")

    @property
    def starter(self) -> Path:
        return self.folder / "starter.patch"

    @property
    def solution(self) -> Path | None:
        """None: the base is the solution."""
        file = self.folder / "solution.patch"
        return file if file.exists() else None

    @property
    def decoys(self) -> list:
        return sorted((self.folder / "decoys").glob("*.patch"))

    def section(self, heading: str) -> str:
        """The text below `## heading` of the page, without that line. Raises Failure if there is
        none."""
        text = self.page.read_text(encoding="utf-8")
        found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
        if not found:
            raise Failure(paths.relative(self.page), f"it has no section '{heading}'",
                          "Restore the file: git checkout docs/labs")
        return found[1].strip()

    def hints(self) -> list:
        """The numbered texts below "Hints", each in one line."""
        return [
            re.sub(r"\s+", " ", hint).strip() for hint in re.findall(
                r"^\d+\. (.*?)(?=^\d+\. |^</details>|\Z)", self.section("Hints"), re.M | re.S)
        ]


def all_labs() -> list:
    """Every Lab, by its number."""
    labs = []
    for file in sorted(paths.LABS.glob("[0-9][0-9]-*/lab.json")):
        labs.append(
            Lab(int(file.parent.name[:2]), file.parent,
                json.loads(file.read_text(encoding="utf-8"))))
    return labs


def find(number) -> Lab:
    """The lab with this number, as text or as int. Raises Failure with the list of labs."""
    labs = {str(lab.number): lab for lab in all_labs()}
    lab = labs.get(str(number).lstrip("0"))
    if lab is None:
        raise Failure(f"lab '{number}'", f"there are {', '.join(labs)}",
                      "For example: make lab N=1")
    return lab
