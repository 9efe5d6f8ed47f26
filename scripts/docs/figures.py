"""Figures in prose come from the output that a chapter shows, never from a keyboard.

`<!-- figure: NAME /REGEX/ -->` before a block names the number in the regex's group (first match).
`<!-- figure: NAME = EXPRESSION -->` derives one from others. In prose, `9,800<!-- NAME -->` is the
figure, rounded to three digits; ` round N` at a directive's end asks for N digits.
Names are shared by all chapters, in order.
"""

import re
from dataclasses import dataclass, field

from docs.markdown import Block, Chapter, Directive, DocumentError

_REGEX = re.compile(r"^([a-z]\w*) /(.*)/(?: round (\d+))?$")
_DERIVED = re.compile(r"^([a-z]\w*) = (.*?)(?: round (\d+))?$")
_USE = re.compile(r"(?<![\w.])(\d[\d,.]*|\?)<!-- ([a-z]\w*) -->")
_DIGITS = 3


@dataclass
class Figures:
    """The figures named so far, and how many digits each is shown with."""

    values: dict[str, float] = field(default_factory=dict)
    digits: dict[str, int] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The figure as prose has it. Raises KeyError."""
        return rounded(self.values[name], self.digits.get(name, _DIGITS))


def take(directives: list[Directive], output: list[str], figures: Figures) -> None:
    """Adds the figures that `directives` name, reading them from `output`."""
    for directive in directives:
        if found := _REGEX.match(directive.text):
            match = find(found[2], output, directive)
            if not match:
                raise DocumentError(
                    f"line {directive.line}: figure {found[1]}: no match of {found[2]} in the "
                    f"output")
            try:
                figures.values[found[1]] = float(match[1].replace(",", ""))
            except (IndexError, ValueError):
                raise DocumentError(
                    f"line {directive.line}: figure {found[1]}: put the number into ( ) in "
                    f"{found[2]}") from None
        elif found := _DERIVED.match(directive.text):
            figures.values[found[1]] = float(evaluate(found[2], figures.values))
        else:
            raise DocumentError(
                f"line {directive.line}: figure '{directive.text}': write NAME /REGEX/ or NAME = "
                f"EXPRESSION")
        figures.digits[found[1]] = int(found[3] or _DIGITS)


def find(regex: str, output: list[str], directive: Directive) -> re.Match | None:
    """The first match in the output, line by line for ^ and $."""
    try:
        return re.search(regex, "\n".join(output), re.MULTILINE)
    except re.error as error:
        raise DocumentError(
            f"line {directive.line}: {directive.word} '{directive.text}': {error}") from None


def evaluate(expression: str, values: dict[str, float]) -> float | bool:
    """Arithmetic and comparisons of figures, for example `v2_rps > 1.1 * v1_rps`, in Python."""
    try:
        return eval(expression, {"__builtins__": {}}, values)
    except (SyntaxError, NameError, TypeError, ZeroDivisionError) as error:
        raise DocumentError(f"figure expression '{expression}': write it like v2_rps > 1.1 * v1_rps"
                            f" ({error})") from None


def rounded(value: float, digits: int) -> str:
    """`value` with that many significant digits and commas between thousands; counts in full."""
    if value == int(value) and abs(value) < 10**digits:
        return f"{int(value):,}"
    places = digits - 1 - int(f"{value:.{digits - 1}e}".split("e")[1])
    value = round(value, places)
    return f"{value:,.{max(places, 0)}f}"


def shown_output(block: Block) -> list[str]:
    """All the output that a block shows."""
    return [line for step in block.steps() for line in step.output]


def prose_problems(chapter: Chapter, figures: Figures) -> list[tuple[int, str]]:
    """Figures of the prose that are not those of the output shown."""
    found = []
    for number, text in chapter.prose():
        for use in _USE.finditer(text):
            if use[2] not in figures.values:
                found.append((number, f"figure '{use[2]}' is named by no block"))
            elif use[1] != figures.text(use[2]):
                found.append(
                    (number, f"figure '{use[2]}' is {figures.text(use[2])} in the output, {use[1]} "
                             f"here"))
    return found


def rewrite_prose(chapter: Chapter, figures: Figures) -> None:
    """Puts the figures that are known into the lines of a chapter."""
    for number, text in chapter.prose():
        chapter.lines[number - 1] = _USE.sub(
            lambda use: (f"{figures.text(use[2])}<!-- {use[2]} -->" if use[2] in figures.values
                         else use[0]), text
        )
