"""Runs the blocks of a chapter and compares, or records, what they print."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from docs import checks, figures
from docs.book import snippet_of
from docs.markdown import Block, Chapter, DocumentError
from docs.runner import SHOWN_ROOT, CommandError, Session


@dataclass
class Run:
    root: Path
    home: Path
    update: bool
    known: figures.Figures
    say: Callable[[str], None]
    problems: list[str] = field(default_factory=list)
    commands: int = 0

    def chapter(self, chapter: Chapter) -> None:
        """Runs a chapter's blocks in order; with `update`, writes their output into `chapter`."""
        recorded: list[tuple[Block, list[str]]] = []
        with Session(self.root, self.home) as session:
            for item in chapter.items:
                try:
                    self._item(session, item, recorded)
                except (CommandError, DocumentError) as error:
                    self.problems.append(f"{self._place(chapter, item.line)}: {error}")
                    break  # what follows depends on it
                self._report(chapter, item)
        if self.update:
            for block, content in reversed(recorded):
                chapter.lines[block.line : block.line + len(block.content)] = content

    def _item(self, session: Session, item, recorded) -> None:
        self.found: list[str] = []
        if not isinstance(item, Block):
            if item.word == "stop":
                session.stop()
            else:
                figures.take([item], [], self.known)
            return
        if item.one("stop"):
            session.stop()
        if code := item.one("code"):
            recorded.append((item, snippet_of(self.root, code.text)))
        else:
            recorded.append((item, self._console(session, item)))

    def _console(self, session: Session, block: Block) -> list[str]:
        content, output, status = [], [], 0
        run = block.one("run")
        for step in block.steps():
            started = time.monotonic()
            if run and run.text.startswith("background"):
                lines = session.run_in_background(step.command, run.text.partition(" until ")[2])
            else:
                status, lines = session.run(step.command)
            self.commands += 1
            self.say(f"{time.monotonic() - started:6.1f} s  $ {step.command.splitlines()[0]}")
            # A script prints `$ command` too; the space tells it from a command of the chapter.
            lines = [f" {line}" if line.startswith("$ ") else line for line in lines]
            content += step.command_lines + checks.excerpt(lines, block.one("show"))
            output += lines
        if status != checks.expected_exit(block):
            last = "\n      ".join(output[-15:])
            self.found.append(f"exit status {status}, not {checks.expected_exit(block)}:\n      {last}")
            return content
        if self.update:
            self._keep_pictures(block)
        figures.take(block.all("figure"), output, self.known)
        shown = Block(block.language, block.line, content if self.update else block.content, block.directives)
        self.found += checks.problems(shown, content, output, self.known.values)
        return content

    def _keep_pictures(self, block: Block) -> None:
        """`<!-- picture: NAME.svg -->`: the block's commands drew build/pictures/NAME.svg; docs/images/ gets it."""
        for picture in block.all("picture"):
            drawn = self.root / "build" / "pictures" / picture.text
            if not drawn.is_file():
                raise DocumentError(f"picture {picture.text}: the commands did not draw {drawn}")
            images = self.root / "docs" / "images"
            images.mkdir(exist_ok=True)
            text = drawn.read_text(encoding="utf-8").replace(str(self.root), SHOWN_ROOT)
            (images / picture.text).write_text(text, encoding="utf-8")

    def _report(self, chapter: Chapter, item) -> None:
        for reason in self.found:
            self.problems.append(f"{self._place(chapter, item.line)}: {reason}")

    def _place(self, chapter: Chapter, line: int) -> str:
        return f"{chapter.path.relative_to(self.root)}:{line}"
