"""mkdocs calls these while it builds the site: make the menu, drop the comments of docs-check,
repair links, let search work from a disk.

A browser lets no page from the disk fetch its search index or start a worker from a file. So one
script has the index and the worker's source. mkdocs-material 8 takes the index from the variable
`__search`, and 9 loads this script from the disk for its variable `__index`.
"""

import json
import posixpath
import re
from pathlib import Path
from typing import Any

_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((\.\./[^)\s]+)\)")
_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)

# A row of the README's table of parts: "| look | [title](docs/page.md), … |".
_PART = re.compile(r"^\| (\w+) \| (\[.*\]\(docs/.*) \|$", re.MULTILINE)
_HERE = Path(__file__).parent
_HEAD = "".join(f"<{tag}>{(_HERE / file).read_text(encoding='utf-8')}</{tag}>"
                for tag, file in (("style", "site.css"), ("script", "site.js")))


def on_config(config: Any, **_) -> None:
    """The menu: the parts of the README's table, the labs by number; of the teachers' pages only
    the first, since it tells where the answers are."""
    docs = Path(config["docs_dir"])
    readme = (docs.parent / "README.md").read_text(encoding="utf-8")
    parts = [{name.capitalize(): re.findall(r"\(docs/([^)]+)\)", row)}
             for name, row in _PART.findall(readme)]
    labs = [{f"{int(page.parent.name)}. {page.read_text(encoding='utf-8').splitlines()[0][2:]}":
             str(page.relative_to(docs))} for page in sorted(docs.glob("labs/*/README.md"))]
    config["nav"] = [
        "README.md", "where-to-start.md", *parts,
        {"Labs": ["labs/README.md", *labs, "labs/blind-spots.md"]},
        {"About": ["ARCHITECTURE.md", "instructor.md"]},
    ]


def on_page_markdown(markdown: str, page: Any, **_) -> str:
    """The page without comments, its links out of docs/ as HTML."""
    parts = _FENCED.split(markdown)  # text, block, text, …
    folder = posixpath.dirname(page.file.src_path)
    return "".join(part if n % 2 else _mend(part, folder) for n, part in enumerate(parts))


def _mend(text: str, folder: str) -> str:
    def outside(link: re.Match) -> str:
        # build/site/ is one folder deeper than docs/.
        if not posixpath.normpath(posixpath.join(folder, link[2])).startswith(".."):
            return link[0]
        return f'<a href="../{link[2]}">{link[1].replace("`", "")}</a>'

    return _LINK.sub(outside, _COMMENT.sub("", text))


def on_post_page(output: str, page: Any, **_) -> str:
    """The page with our script and style; a fold's title as a browser wants it, in no paragraph."""
    output = output.replace("<p><summary>", "<summary>").replace("</summary></p>", "</summary>")
    script = f'<script src="{"../" * page.url.count("/")}search/search_index.js"></script>'
    output = output.replace("</head>", _HEAD + "</head>", 1)
    return re.sub(r'(<script src="[^"]*bundle)', script + r"\1", output, count=1)


def on_post_build(config: Any, **_) -> None:
    """Writes the index and its worker as one script."""
    site = Path(config["site_dir"])
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    worker = next((site / "assets" / "javascripts" /
                   "workers").glob("search.*.js")).read_text(encoding="utf-8")
    script = (f"var __index = {json.dumps(index)};\n"
              "var __search = {index: Promise.resolve(__index)};\n"
              f"window.Worker = class extends Worker {{\n  constructor() {{\n"
              f"    super(URL.createObjectURL(new Blob([{json.dumps(worker)}])));\n  }}\n}};\n")
    (site / "search" / "search_index.js").write_text(script, encoding="utf-8")
