"""Runs the blocks of a chapter and compares, or records, what they print."""

import re
import time
from dataclasses import dataclass, field
from pathlib import Path

from docs import checks, figures
from docs.book import CI, run_of, snippet_of
from docs.markdown import Block, Chapter, Directive, DocumentError
from docs.runner import COMMAND_SECONDS, SHOWN_ROOT, Session
from docs.workspace import remove_stages


class NotHere(Exception):
    """The machine does not allow what a page is about; the text is the command that it refuses."""


@dataclass
class Run:
    """A run of chapters: what is told to it, and what it finds."""

    root: Path
    home: Path
    update: bool
    known: figures.Figures
    problems: list[str] = field(default_factory=list)
    commands: int = 0

    def chapter(self, chapter: Chapter) -> None:
        """Runs a chapter's blocks in order; with `update` and without a problem, writes their
        output into `chapter`."""
        before = len(self.problems)
        recorded: list[tuple[Block, list[str]]] = []
        with Session(self.root, self.home) as session:
            for item in chapter.items:
                place = f"{chapter.path.relative_to(self.root)}:{item.line}: "
                try:
                    self.problems += [place + reason for reason
                                      in self._item(session, chapter, item, recorded)]
                except DocumentError as error:
                    self.problems.append(f"{place}{error}")
                    break  # what follows depends on it
                except NotHere as reason:
                    print(f"{place}the rest is not run: this machine refuses {reason}", flush=True)
                    return
        # A stage too many would slow every later build
        if chapter.path.parent.parent.name == "labs":
            remove_stages(self.root,
                          [step.command for block in chapter.blocks for step in block.steps()])
        if self.update and len(self.problems) > before:
            print(f"not recorded: {chapter.path.relative_to(self.root)}", flush=True)
        elif self.update:
            for block, content in reversed(recorded):
                chapter.lines[block.line : block.line + len(block.content)] = content

    def _item(self, session: Session, chapter: Chapter, item, recorded) -> list[str]:
        """Does what the item says; what is wrong with its output."""
        if not isinstance(item, Block):
            if item.word == "stop":
                session.stop()
            elif item.word == "service":  # of an earlier chapter, which the reader left running
                session.run_in_background(item.text, "listening on")
            elif item.word == "figure":
                figures.take([item], [], self.known)
            elif item.word == "needs" and session.run(item.text, 60)[0]:
                raise NotHere(item.text)
            return []  # any other one is out of place: book.static_problems says so
        if item.one("stop"):
            session.stop()
        if service := item.one("service"):
            session.run_in_background(service.text, "listening on")
        if code := item.one("code"):
            recorded.append((item, snippet_of(self.root, chapter, code.text)))
        elif not (run := run_of(item)) or run.text != CI:
            content, problems = self._console(session, item)
            recorded.append((item, content))
            return problems
        return []

    def _console(self, session: Session, block: Block) -> tuple[list[str], list[str]]:
        """(the block as this run would write it, what is wrong with it)"""
        content, output, status = [], [], 0
        run = run_of(block)
        for step in block.steps():
            started = time.monotonic()
            if run and run.text.startswith("background"):
                lines = session.run_in_background(step.command, run.text.partition(" until ")[2])
            else:
                status, lines = session.run(step.command, _seconds(run))
            self.commands += 1
            seconds = time.monotonic() - started
            print(f"{seconds:6.1f} s  $ {step.command.splitlines()[0]}", flush=True)
            # A script prints `$ command` too; the space tells it from a command of the chapter.
            lines = [f" {line}" if line.startswith("$ ") else line for line in lines]
            content += step.command_lines + checks.excerpt(lines, block.one("show"))
            output += lines
        if status != checks.expected_exit(block):
            last = "\n      ".join(output[-15:])
            return content, [
                f"exit status {status}, not {checks.expected_exit(block)}:\n      {last}"]
        if self.update:
            self._keep_pictures(block)
        figures.take(block.all("figure"), output, self.known)
        shown = Block(block.language, block.line, content if self.update else block.content,
                      block.directives)
        return content, checks.problems(shown, content, output, self.known.values)

    def _keep_pictures(self, block: Block) -> None:
        """`<!-- picture: NAME -->`: the block's commands drew build/pictures/NAME; docs/images/
        gets it."""
        for picture in block.all("picture"):
            drawn = self.root / "build" / "pictures" / picture.text
            if not drawn.is_file():
                raise DocumentError(f"picture {picture.text}: the commands did not draw {drawn}")
            images = self.root / "docs" / "images"
            images.mkdir(exist_ok=True)
            drawing = drawn.read_bytes().replace(str(self.root).encode(), SHOWN_ROOT.encode())
            (images / picture.text).write_bytes(drawing)


def _seconds(run: Directive | None) -> int:
    """`<!-- run: within N s -->`: the time that a long command may take."""
    found = re.fullmatch(r"within (\d+) s", run.text) if run else None
    return int(found[1]) if found else COMMAND_SECONDS
