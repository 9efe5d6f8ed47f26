"""`make docs`: the tutorial as a site with search, in build/site/; it opens from the disk, without
a network."""
from base import children, console, tools
from base.commandline import Options, Parser
from base.errors import Failure
from base.paths import BUILD, PYTHON, ROOT


def add_arguments(parser: Parser) -> None:
    parser.describe(
        """Builds build/site/ from docs/.""",
        "make docs")


def run(_options: Options) -> None:
    tools.need_module("mkdocs", "mkdocs, mkdocs-material")
    command = [PYTHON, "-m", "mkdocs", "build", "--quiet", "--clean", "--config-file",
               "scripts/docs/mkdocs.yml"]
    console.show(command)
    if status := children.run(command, stdout=None, stderr=None, cwd=ROOT).status:
        raise Failure("mkdocs", f"it failed with exit status {status}", "See above")
    console.result_at(BUILD / "site" / "index.html")
    console.next_command("xdg-open build/site/index.html")
