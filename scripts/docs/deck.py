"""The deck for the 90-minute plan, build/site/deck.html: one file that opens from the disk. Its
slides are cut out of the pages, its notes out of the teachers' pages. Called by docs/site.py."""
import base64
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

import jinja2
import markdown

from base.errors import Failure

HERE = Path(__file__).parent
PLAN = "90 minutes"


@dataclass(frozen=True)
class Slide:
    """title and notes: plain text. body: HTML."""

    title: str
    body: str
    notes: str
    minutes: int = 0  # of its step in the plan, on the step's first slide


def _section(text, heading):
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text, re.M | re.S)
    if not found:
        raise Failure("docs", f"no page has the section '{heading}' that the deck shows",
                      "See scripts/docs/deck.py")
    return found[1].strip()


def _html(text, page):
    """Markdown without directives and folds; links become their text, pictures part of the page."""
    text = re.sub(r"<details.*?</details>|<!--.*?-->", "", text, flags=re.S)

    def instead(link):
        return _picture(page.parent / link[3], link[2]) if link[1] else link[2]

    text = re.sub(r"(!?)\[([^\]]*)\]\(([^)]*)\)", instead, text)
    return markdown.markdown(text, extensions=["tables", "fenced_code", "sane_lists"])


def _picture(file, words):
    data = base64.b64encode(file.read_bytes()).decode("ascii")
    return f'<img alt="{words}" src="data:{mimetypes.guess_type(file)[0]};base64,{data}">'


def _notes(teacher, step):
    """What the teachers' page says under that name in bold."""
    found = re.search(rf"^\*\*{re.escape(step)}\.\*\* (.*?)(?=^\*\*|^## )", teacher, re.M | re.S)
    return re.sub(r"[*`]", "", " ".join(found[1].split())) if found else ""


def _lab(docs, number, minutes, notes):
    page = docs / "labs" / f"{number:02}" / "README.md"
    text = page.read_text(encoding="utf-8")
    title = f"Lab {number}. " + text.partition("\n")[0].lstrip("# ")
    answers = (docs / "instructor-answers.md").read_text(encoding="utf-8")
    answer = re.search(rf"^\| {number} \| (.*?) \|", answers, re.M)[1].replace("`", "")
    yield Slide(title, _html(_section(text, "The symptom"), page), notes, minutes)
    yield Slide("Predict", _html(_section(text, "Predict"), page), f"The answer: {answer}.")
    yield Slide("Look", _html(_section(text, "Look"), page)
                + f"<pre>make lab N={number} GUESS=…\nmake watch LAB={number}</pre>",
                "The folds of the page have the commands and their output.")
    lesson = re.search(r"(\*\*Why it works.*?)(?=\*\*The other views)", text, re.S)[1]
    yield Slide("After PASS", _html(lesson, page), "Who has another repair? What does it cost?")


def slides(docs: Path) -> list[Slide]:
    """The slides of the plan. Raises Failure if a page lacks what they show."""
    readme, teacher, method, answers = (
        (docs / name).read_text(encoding="utf-8")
        for name in ("README.md", "instructor.md", "where-to-start.md", "instructor-answers.md"))
    intro = readme.partition("\n\n")[2].partition("\n\nThe chapters")[0]
    questions = re.search(r"^1\. .*?(?=^## )", method, re.M | re.S)[0]
    chapters = "\n".join(map(": ".join, re.findall(
        r"^\| \[(\d.*?)\]\(.*?\) \| (.*?) \|", _section(readme, "Chapters"), re.M)))
    closing = _section(answers, "Questions for the closing")
    made = [Slide("Profiling C++ services", _html(intro, docs / "README.md"),
                  "Arrow keys move, n shows these notes.")]
    bodies = {
        "Opening": ("Three questions before a profiler is opened", questions),
        "Demonstration": ("The whole story, on this machine",
                          "```\nmake walkthrough\n```\n\n" + chapters),
        "Closing": ("Predictions against counts", "```\nmake grade\n```\n\n" + re.sub(
            r"^- (.*?\?).*?(?=^- |\Z)", r"- \1\n", closing, flags=re.M | re.S)),
    }
    for step, minutes in re.findall(r"^\| (\w[^|]*?) \| (\d+) \|$", _section(teacher, PLAN), re.M):
        name = step.partition(":")[0]
        notes = _notes(teacher, name)
        if found := re.fullmatch(r"Lab (\d+)", step):
            made += _lab(docs, int(found[1]), int(minutes), notes)
            continue
        title, body = bodies[name]
        if name == "Closing":
            notes += " " + re.sub(r"[*`]|\[([^]]*)\]\([^)]*\)", r"\1", " ".join(closing.split()))
        made.append(Slide(title, _html(body, docs / "README.md"), notes, int(minutes)))
    return made


def write(docs: Path, file: Path) -> None:
    """Writes the deck as one file."""
    template = jinja2.Environment(autoescape=True).from_string(
        (HERE / "deck.html.j2").read_text(encoding="utf-8"))
    file.write_text(template.render(slides=slides(docs)), encoding="utf-8")
