"""mkdocs calls these while it builds the site: drop the comments of docs-check, repair links, let
search work from a disk.

A browser lets no page from the disk fetch its search index or start a worker from a file. So the
index and the worker's source become one script, which the theme takes instead (its variable
`__search`).
"""

import json
import posixpath
import re
from pathlib import Path
from typing import Any

_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((\.\./[^)\s]+)\)")
# The theme's dark scheme keeps the links of the light one, too dark to read.
_STYLE = '<style>[data-md-color-scheme="slate"]{--md-typeset-a-color:#9fa8da}</style>'
_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


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
    """The page with our script and style."""
    script = f'<script src="{"../" * page.url.count("/")}search/offline.js"></script>'
    output = output.replace("</head>", _STYLE + "</head>", 1)
    return re.sub(r'(<script src="[^"]*bundle)', script + r"\1", output, count=1)


def on_post_build(config: Any, **_) -> None:
    """Writes the index and its worker as one script."""
    site = Path(config["site_dir"])
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    worker = next((site / "assets" / "javascripts" /
                   "workers").glob("search.*.js")).read_text(encoding="utf-8")
    script = (f"var __search = {{index: Promise.resolve({json.dumps(index)}),\n"
              f"  worker: URL.createObjectURL(new Blob([{json.dumps(worker)}], {{type: "
              f"'text/javascript'}}))}};\n")
    (site / "search" / "offline.js").write_text(script, encoding="utf-8")
