"""The chapters, and what can be checked of them without running a command.

Every problem is a line `docs/NN-name.md:LINE: reason`.
"""

from pathlib import Path

from docs import checks, figures, links, names, packages, snippets
from docs.markdown import Block, Chapter, DocumentError, read_chapter

CONSOLE = "console"


def chapter_paths(root: Path) -> list[Path]:
    """Numbered chapters in order, then the pages without a number (the instructor's are not ours)."""
    docs = root / "docs"
    numbered = sorted(docs.glob("[0-9][0-9]-*.md"))
    others = sorted(page for page in docs.glob("*.md") if page not in numbered)
    return numbered + [page for page in others if not page.name.startswith("instructor")]


def read_chapters(paths: list[Path]) -> list[Chapter]:
    return [read_chapter(path) for path in paths]


def shown_figures(chapters: list[Chapter]) -> tuple[figures.Figures, list[str]]:
    """The figures of the output that the chapters show, and those that it lacks."""
    known, missing = figures.Figures(), []
    for chapter in chapters:
        for item in chapter.items:
            try:
                if isinstance(item, Block):
                    figures.take(item.all("figure"), figures.shown_output(item), known)
                elif item.word == "figure":
                    figures.take([item], [], known)
            except DocumentError as error:
                missing.append(f"{chapter.path.name}: {error}")
    return known, missing


def static_problems(root: Path, chapter: Chapter, known: figures.Figures) -> list[str]:
    found = links.problems(root, chapter) + names.problems(root, chapter) + figures.prose_problems(chapter, known)
    for block in chapter.blocks:
        found.extend((block.line, reason) for reason in _block_problems(root, block, known))
    for item in chapter.items:
        if not isinstance(item, Block) and item.word not in ("stop", "figure"):
            found.append((item.line, f"'{item.word}' must stand right before a block"))
    if chapter.path.name == "ARCHITECTURE.md":
        found.extend((1, reason) for reason in packages.problems(root))
    return [f"{chapter.path.relative_to(root)}:{line}: {reason}" for line, reason in sorted(found)]


def _block_problems(root: Path, block: Block, known: figures.Figures) -> list[str]:
    code = block.one("code")
    if code:
        same = block.content == snippet_of(root, code.text)
        return [] if same else [f"the snippet is not what {code.text} is now"]
    if block.language != CONSOLE:
        return ["a block that nothing checks: make it a console block, or put <!-- code: PATH … --> before it"]
    if not block.steps():
        return ["a console block must begin with a line `$ command`"]
    if not block.all("check") and not block.one("run"):
        return ["a console block that nothing checks: put <!-- check: … --> before it"]
    shown = figures.shown_output(block)
    if not shown and not block.one("run"):
        return []  # not recorded yet, or a command that prints nothing: the run decides
    return [f"shown output: {reason}" for reason in checks.problems(block, block.content, shown, known.values)]


def snippet_of(root: Path, text: str) -> list[str]:
    return snippets.snippet(root, text)
