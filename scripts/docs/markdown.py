"""Reads a chapter: fenced blocks and the HTML comments that say how each is checked.

A comment `<!-- WORD: TEXT -->` on a line of its own, WORD being one of WORDS, is a directive. It
belongs to the next fenced block if only directives and empty lines lie between.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

# `generated` marks a table that another program writes.
WORDS = ("check", "show", "run", "figure", "code", "picture", "stop", "needs", "service")

_FENCE = re.compile(r"^```(\w*)\s*$")
_DIRECTIVE = re.compile(r"^<!--\s*([a-z]+):?\s*(.*?)\s*-->\s*$")


class DocumentError(Exception):
    """A mistake in a chapter, or in a command of it: place, what is wrong, what to do."""


@dataclass
class Directive:
    """An HTML comment that says how a block is treated: <!-- word: text -->."""

    word: str
    text: str
    line: int  # from 1


@dataclass
class Step:
    """One command of a console block and the output shown for it."""

    command: str
    command_lines: list[str]
    output: list[str]


@dataclass
class Block:
    """A fenced block and the directives before it."""

    language: str
    line: int  # of the opening fence, from 1
    content: list[str]
    directives: list[Directive] = field(default_factory=list)

    def all(self, word: str) -> list[Directive]:
        """The directives of that word."""
        return [directive for directive in self.directives if directive.word == word]

    def one(self, word: str) -> Directive | None:
        """The first directive of that word."""
        return next(iter(self.all(word)), None)

    def steps(self) -> list[Step]:
        """Its commands; none if it does not begin with one."""
        steps: list[Step] = []
        more = False
        for text in self.content:
            if more:
                steps[-1].command_lines.append(text)
            elif text.startswith("$ "):
                steps.append(Step("", [text], []))
            elif steps:
                steps[-1].output.append(text)
                continue
            else:
                return []
            more = text.endswith("\\")
        for step in steps:
            step.command = "\n".join(step.command_lines)[2:]
        return steps


@dataclass
class Chapter:
    """A page."""

    path: Path
    lines: list[str]
    items: list[Block | Directive]  # in order; a directive here stands alone

    @property
    def blocks(self) -> list[Block]:
        """The fenced blocks, in order."""
        return [item for item in self.items if isinstance(item, Block)]

    def write(self) -> None:
        """Writes the lines back."""
        self.path.write_text("\n".join(self.lines) + "\n", encoding="utf-8")

    def prose(self) -> list[tuple[int, str]]:
        """(line number, text) of every line outside fenced blocks."""
        inside = set()
        for block in self.blocks:
            inside.update(range(block.line, block.line + len(block.content) + 2))
        return [(n, text) for n, text in enumerate(self.lines, 1) if n not in inside]


def read_chapter(path: Path) -> Chapter:
    """Raises DocumentError."""
    lines = path.read_text(encoding="utf-8").splitlines()
    items: list[Block | Directive] = []
    waiting: list[Directive] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        fence = _FENCE.match(line)
        directive = _DIRECTIVE.match(line)
        if fence:
            end = _closing_fence(path, lines, number)
            items.append(Block(fence[1], number + 1, lines[number + 1 : end], waiting))
            waiting, number = [], end
        elif line.lstrip().startswith("```"):
            raise DocumentError(
                f"{path}:{number + 1}: a fence must start its line and name one language")
        elif directive and directive[1] in WORDS:
            waiting.append(Directive(directive[1], directive[2], number + 1))
        elif directive and line.startswith(f"<!-- {directive[1]}:") and directive[1] != "generated":
            raise DocumentError(f"{path}:{number + 1}: unknown word '{directive[1]}'; use one of "
                                f"{', '.join(WORDS)}")
        elif line.strip():
            items.extend(waiting)
            waiting = []
        number += 1
    items.extend(waiting)
    return Chapter(path, lines, items)


def _closing_fence(path: Path, lines: list[str], start: int) -> int:
    for number in range(start + 1, len(lines)):
        if lines[number].rstrip() == "```":
            return number
    raise DocumentError(f"{path}:{start + 1}: this block is never closed; end it with a line ```")
