"""The chapters, and what can be checked of them without running a command.

Every problem is a line `docs/NN-name.md:LINE: reason`.
"""

import re
from pathlib import Path

from docs import checks, figures, references, snippets
from docs.markdown import Block, Chapter, Directive, DocumentError, read_chapter

CONSOLE = "console"
UNTOLD = "a reader does not see this comment: say 'Press Ctrl-C' in the text before or after it"
UNSEEN = "a reader does not see this comment: say in the text that the service still runs"
CI = "by CI"  # <!-- run: by CI -->: .ci/run calls this very command, so docs-check need not
_RUN = re.compile(rf"{CI}|background(?: until \S.*)?|within \d+ s")


def read(root: Path) -> list[Chapter]:
    """Numbered chapters in order, then the labs, then the READMEs and docs/'s pages without a
    number. Raises DocumentError."""
    docs = root / "docs"
    numbered = sorted(docs.glob("[0-9][0-9]-*.md"))
    readmes = [page for page in (root / "common/pprof/README.md", root / "README.md")
               if page.is_file()]
    others = sorted(page for page in docs.glob("*.md") if page not in numbered)
    paths = numbered + sorted(docs.glob("labs/**/*.md")) + readmes + others
    return [read_chapter(path) for path in paths]


def shown_figures(chapters: list[Chapter]) -> tuple[figures.Figures, list[tuple[Chapter, str]]]:
    """The figures of the output that the chapters show; and, by chapter, what is wrong with
    others."""
    known, missing = figures.Figures(), []
    for chapter in chapters:
        for item in chapter.items:
            try:
                if isinstance(item, Block):
                    figures.take(item.all("figure"), figures.shown_output(item), known)
                elif item.word == "figure":
                    figures.take([item], [], known)
            except DocumentError as error:
                missing.append((chapter, str(error)))
    return known, missing


def static_problems(root: Path, chapter: Chapter, known: figures.Figures) -> list[str]:
    """What is wrong with a page as it stands, each with its place."""
    found = references.problems(root, chapter) + figures.prose_problems(chapter, known)
    for block in chapter.blocks:
        try:
            reasons = _block_problems(root, chapter, block, known)
        except DocumentError as error:
            reasons = [str(error)]
        found.extend((block.line, reason) for reason in reasons)
    for item in chapter.items:
        if not isinstance(item, Block) and item.word not in ("stop", "figure", "needs", "service"):
            found.append((item.line, f"'{item.word}' must stand right before a block"))
        for word, words, reason in (("stop", "Ctrl-C", UNTOLD), ("service", "still runs", UNSEEN)):
            found.extend(
                (each.line, reason)
                for each in (item.directives if isinstance(item, Block) else [item])
                if each.word == word and not _says(chapter, each.line, words))
    return [f"{chapter.path.relative_to(root)}:{line}: {reason}" for line, reason in sorted(found)]


def _says(chapter: Chapter, line: int, words: str) -> bool:
    """Whether the paragraph that touches this line, or the one before it, has these words."""
    before = "\n".join(chapter.lines[: line - 1]).rstrip().rpartition("\n\n")[2]
    after = "\n".join(chapter.lines[line:]).strip().partition("\n\n")[0]
    return words in before or words in after


def _block_problems(root: Path, chapter: Chapter, block: Block,
                    known: figures.Figures) -> list[str]:
    code = block.one("code")
    if code:
        same = block.content == snippet_of(root, chapter, code.text)
        return [] if same else [f"the snippet is not what {code.text} is now"]
    if block.language != CONSOLE:
        return ["a block that nothing checks: make it a console block, or put "
                "<!-- code: PATH … --> before it"]
    if not block.steps():
        return ["a console block must begin with a line `$ command`"]
    if (run := run_of(block)) and run.text == CI:
        return [f"`{step.command}` is not what .ci/run does" for step in block.steps()
                if not _is_run_by_ci(root, step.command)]
    if not block.all("check") and not (run and run.text.startswith("background")):
        return ["a console block that nothing checks: put <!-- check: … --> before it"]
    shown = figures.shown_output(block)
    if not shown and not run:
        return []  # not recorded yet, or a command that prints nothing: the run decides
    return [f"shown output: {reason}"
            for reason in checks.problems(block, block.content, shown, known.values)]


def run_of(block: Block) -> Directive | None:
    """How the block's commands are run; None: in the foreground, with the usual time."""
    run = block.one("run")
    if run and not _RUN.fullmatch(run.text):
        raise DocumentError(f"line {run.line}: unknown run '{run.text}'; use background until "
                            f"TEXT, within N s or {CI}")
    return run


def _is_run_by_ci(root: Path, command: str) -> bool:
    """`make a`, if .ci/run has a line `make … a …`."""
    wanted = command.partition("#")[0].split()
    done = (root / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    return any(line[:1] == wanted[:1] and set(wanted) <= set(line) for line in map(str.split, done))


def snippet_of(root: Path, chapter: Chapter, text: str) -> list[str]:
    """The snippet; its path counts from the chapter's folder or from the root."""
    near = (chapter.path.parent / text.partition(" ")[0]).is_file()
    return snippets.snippet(chapter.path.parent if near else root, text)
