"""`make docs-check`: what to check, progress, the verdict."""

import argparse
import sys
import time
from pathlib import Path

from base import console
from base.paths import ROOT
from docs import book, figures, packages
from docs.execute import Run
from docs.markdown import Chapter, DocumentError
from docs.workspace import NotReady, clean_state


def add_arguments(parser) -> None:
    parser.describe(
        """Runs every command block of the tutorial and compares what it prints.""",
        "scripts/workshop docs-check docs/03-measuring.md")
    parser.add_argument("chapters", nargs="*", type=Path, help="chapters to run (default: all)")
    parser.add_argument("--static", action="store_true",
                        help="run nothing: blocks, snippets, links, figures")
    parser.add_argument("--update", action="store_true",
                        help="record the output of this run in the chapters")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    try:
        return _check(options.root.resolve(), options)
    except (DocumentError, NotReady) as error:
        console.error(error)
        return 1


def _check(root: Path, options: argparse.Namespace) -> int:
    started = time.monotonic()
    chapters = book.read_chapters(book.chapter_paths(root))
    chosen = _chosen(chapters, options.chapters)
    problems: list[str] = []
    commands = 0
    if not options.static:
        run = _run(root, chapters, chosen, options.update)
        problems, commands = run.problems, run.commands
        if options.update:
            chapters = _write(root, chapters, chosen)
            chosen = _chosen(chapters, options.chapters)
    known, missing = book.shown_figures(chapters)
    problems += [
        f"{chapter.path.relative_to(root)}: {reason}" for chapter, reason in missing
        if chapter in chosen
    ]
    for chapter in chosen:
        problems += book.static_problems(root, chapter, known)
    # A mistake in a directive is found by the run and by the look at the page.
    return _verdict(list(dict.fromkeys(problems)), len(chosen), commands,
                    time.monotonic() - started)


def _chosen(chapters: list[Chapter], wanted: list[Path]) -> list[Chapter]:
    paths = {path.resolve() for path in wanted}
    unknown = paths - {chapter.path for chapter in chapters}
    if unknown:
        raise DocumentError(f"{unknown.pop()}: not a chapter of docs/")
    return [chapter for chapter in chapters if not paths or chapter.path in paths]


def _run(root: Path, chapters: list[Chapter], chosen: list[Chapter], update: bool) -> Run:
    known, _ = book.shown_figures(chapters)
    commands = [
        step.command for chapter in chosen for block in chapter.blocks for step in block.steps()
    ]
    with clean_state(root, commands) as home:
        run = Run(root, home, update, known, lambda line: print(line, flush=True))
        for chapter in chosen:
            print(f"==> {chapter.path.relative_to(root)}", flush=True)
            run.chapter(chapter)
    return run


def _write(root: Path, chapters: list[Chapter], chosen: list[Chapter]) -> list[Chapter]:
    """Writes the recorded chapters and the table of packages, then the figures of all prose that
    cites them."""
    for chapter in chosen:
        chapter.path.write_text("\n".join(chapter.lines) + "\n", encoding="utf-8")
    packages.rewrite(root)
    chapters = book.read_chapters([chapter.path for chapter in chapters])
    known, _ = book.shown_figures(chapters)
    for chapter in chapters:
        figures.rewrite_prose(chapter, known)
        chapter.path.write_text("\n".join(chapter.lines) + "\n", encoding="utf-8")
    return chapters


def _verdict(problems: list[str], chapters: int, commands: int, seconds: float) -> int:
    for problem in problems:
        print(problem, file=sys.stderr)
    done = f"{chapters} chapters, {commands} commands, {seconds:.0f} s"
    if problems:
        print(f"{len(problems)} problems ({done}).", file=sys.stderr)
        print(
            "Fix the chapter or the command. If the new output is right: scripts/workshop "
            "docs-check --update",
            file=sys.stderr)
        return 1
    print(f"The chapters hold ({done}).")
    return 0
