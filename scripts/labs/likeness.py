"""How like two stages of a lab are: a hint for a teacher, who knows that short right answers
coincide.

A mark is the hash of some words of the source in a row, where one name is as good as another.
Marks of the sick stage do not count. Of each stage the smallest ones are kept: a sample, the same
one of the same text (A. Broder, On the resemblance and containment of documents, 1997).
"""
import hashlib
import re
from pathlib import Path

from labs import starters
from labs.catalog import Lab

WORDS, KEPT, LEAST = 8, 200, 8
KEYWORDS = frozenset("auto bool break case char class const constexpr continue default delete do "
                     "double else enum false float for friend if inline int long namespace new "
                     "nullptr operator private public return short signed sizeof static struct "
                     "switch template this thread_local true typename union unsigned using virtual "
                     "void volatile while".split())


def _words(stage_dir):
    for file in sorted(Path(stage_dir).rglob("*")):
        if file.is_file() and file.suffix != ".txt":
            text = re.sub(r"//.*|(?s:/\*.*?\*/)", "", file.read_text(errors="replace"))
            yield re.findall(r"\w+|[^\w\s]", text)


def _marks(stage_dir):
    found = set()
    for words in _words(stage_dir):
        words = ["name" if re.match(r"[^\W\d]", word) and word not in KEYWORDS else word
                 for word in words]
        found |= {" ".join(words[i:i + WORDS]) for i in range(len(words) - WORDS + 1)}
    return {hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:12] for text in found}


def marks(lab: Lab, stage_dir: Path) -> list[str]:
    """The smallest marks of what the stage has and the lab's sick stage has not."""
    with starters.starter(lab) as sick:
        return sorted(_marks(stage_dir) - _marks(sick))[:KEPT]


def likeness(one: list[str], other: list[str]) -> float:
    """Between 0 and 1; 0 for stages with too few marks to tell."""
    if min(len(one), len(other)) < LEAST:
        return 0.0
    smallest = set(sorted({*one, *other})[:KEPT])
    return len(smallest & set(one) & set(other)) / len(smallest)
