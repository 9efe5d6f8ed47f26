"""`make docs`: the tutorial as a site with search, in build/site/, and the deck for the 90-minute
plan; both open from the disk, without a network."""
from base import children, console, tools
from base.commandline import Options, Parser
from base.errors import Failure
from base.paths import BUILD, PYTHON, ROOT


def add_arguments(parser: Parser) -> None:
    parser.describe(
        """Builds build/site/ from docs/, and build/site/deck.html from the plan of 90 minutes.""",
        "make docs")


def run(_options: Options) -> None:
    tools.need_module("mkdocs", "mkdocs, mkdocs-material")
    from docs import deck  # needs what mkdocs brings
    command = [PYTHON, "-m", "mkdocs", "build", "--quiet", "--clean", "--config-file",
               "scripts/docs/mkdocs.yml"]
    console.show(command)
    if status := children.run(command, stdout=None, stderr=None, cwd=ROOT).status:
        raise Failure("mkdocs", children.how_it_ended(status), "See above")
    deck.write(ROOT / "docs", BUILD / "site" / "deck.html")
    console.result_at(BUILD / "site" / "index.html")
    console.result_at(BUILD / "site" / "deck.html")
    console.next_command("xdg-open build/site/index.html")
