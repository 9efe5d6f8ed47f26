"""`make docs-check`: what to check, progress, the verdict."""
import argparse
import sys
import time
from pathlib import Path

from base import console
from base.commandline import Parser
from base.errors import Failure
from base.paths import ROOT, relative
from docs import book, figures
from docs.execute import Run
from docs.markdown import Chapter, DocumentError
from docs.workspace import clean_state


def add_arguments(parser: Parser) -> None:
    parser.describe(
        """Runs every command block of the tutorial and compares what it prints.""",
        "scripts/workshop docs-check docs/03-measuring.md")
    parser.add_argument("chapters", nargs="*", type=Path, help="chapters to run (default: all)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--static", action="store_true",
                     help="run nothing: blocks, snippets, links, figures")
    how.add_argument("--update", action="store_true",
                     help="record the output of this run in the chapters")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    try:
        return _check(options.root.resolve(), options)
    except (DocumentError, Failure) as error:
        console.error(error)
        return 1


def _check(root: Path, options: argparse.Namespace) -> int:
    started = time.monotonic()
    chapters = book.read(root)
    chosen = _chosen(chapters, options.chapters)
    problems: list[str] = []
    commands = 0
    if not options.static:
        run = _run(root, chapters, chosen, options.update)
        problems, commands = run.problems, run.commands
        if options.update:
            chapters = _write(root, chosen)
            chosen = _chosen(chapters, options.chapters)
    known, missing = book.shown_figures(chapters)
    problems += [f"{chapter.path.relative_to(root)}: {reason}" for chapter, reason in missing
                 if chapter in chosen]
    for chapter in chosen:
        problems += book.static_problems(root, chapter, known)
    # A mistake in a directive is found by the run and by the look at the page.
    problems = list(dict.fromkeys(problems))
    done = f"{len(chosen)} chapters, {commands} commands, {time.monotonic() - started:.0f} s"
    if not problems:
        print(f"The chapters hold ({done}).")
        return 0
    print(*problems, f"{len(problems)} problems ({done}).",
          "Fix the chapter or the command. If the new output is right: scripts/workshop docs-check "
          "--update", sep="\n", file=sys.stderr)
    return 1


def _chosen(chapters: list[Chapter], wanted: list[Path]) -> list[Chapter]:
    paths = {path.resolve() for path in wanted}
    unknown = paths - {chapter.path for chapter in chapters}
    if unknown:
        raise Failure(relative(unknown.pop()), "it is no chapter of docs/",
                      "See them: git ls-files '*.md'")
    return [chapter for chapter in chapters if not paths or chapter.path in paths]


def _run(root: Path, chapters: list[Chapter], chosen: list[Chapter], update: bool) -> Run:
    known, _ = book.shown_figures(chapters)
    commands = [step.command
                for chapter in chosen for block in chapter.blocks for step in block.steps()]
    with clean_state(root, commands) as home:
        run = Run(root, home, update, known)
        for chapter in chosen:
            print(f"==> {chapter.path.relative_to(root)}", flush=True)
            run.chapter(chapter)
    return run


def _write(root: Path, chosen: list[Chapter]) -> list[Chapter]:
    """Writes the recorded chapters, then the figures of all prose that cites them."""
    for chapter in chosen:
        chapter.write()
    chapters = book.read(root)
    known, _ = book.shown_figures(chapters)
    for chapter in chapters:
        figures.rewrite_prose(chapter, known)
        chapter.write()
    return chapters
