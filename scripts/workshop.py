"""All commands that load, capture, compare, grade, report or document. Run by scripts/workshop,
which the Makefile calls.

A command is a module with add_arguments(parser) and run(options), imported only when it is used.
options.rest is what the module's PASSES_ON lets through to another program: "after --", or "all"
that the command does not know.
"""
import difflib
import importlib

from base import children
from base.commandline import Parser
from base.errors import UsageError, main_of

# Group: {command: (module, what it does)}
COMMANDS = {
    "The whole story": {
        "walkthrough": ("walkthrough.cli", "serve, load, profile, compare, report; step by step"),
    },
    "One stage": {
        "load": ("profiles.load", "requests per second under ab"),
        "bench": ("compare.bench", "the five micro-benchmarks"),
        "soak": ("soak.cli", "load, bad clients, captures and signals at once"),
    },
    "Profiles": {
        "profile": ("profiles.profile", "cpu, heap, allocs, mutex, block, threads or wall"),
        "trace": ("profiles.profile", "requests and lock waits on a time line, for Perfetto"),
        "diff": ("profiles.diff", "two profiles of a kind compared"),
        "heaptrack": ("profiles.heaptrack", "every allocation, with heaptrack"),
        "alloc-sites": ("profiles.alloc_sites", "what can allocate after optimization"),
    },
    "Old against new": {
        "compare": ("compare.cli", "benchmarks and services in turn, changes with intervals"),
        "history": ("compare.history", "earlier comparisons: one row over time"),
        "findings": ("report.findings", "the article's findings, checked on the last captures"),
        "report": ("report.cli", "one page, build/report/index.html, of what was captured last"),
    },
    "Labs": {
        "labs": ("labs.cli", "the list: solved, begun, untouched"),
        "lab": ("labs.cli", "a sick service to fix"),
        "watch": ("labs.cli", "judge a lab whenever you save a file"),
        "grade": ("labs.cli", "judge your labs, or one"),
        "hint": ("labs.cli", "the next hint"),
        "solution": ("labs.cli", "the reference solution as a diff"),
        "bug": ("labs.cli", "a hidden performance bug in a copy of v2-optimized"),
        "submission": ("labs.cli", "pack your labs to hand in; grade a bundle again"),
        "regrade": ("labs.cli", "grade a class of bundles again: the gradebook"),
        "noise": ("labs.cli", "lab 13: replay a way to compare"),
    },
    "Maintenance": {
        "prove": ("labs.proof", "that every lab and hidden bug is judged as it should be"),
        "blind-spots": ("labs.views", "which profiler shows the problem of which lab"),
        "docs": ("docs.site", "the tutorial as a site with search, in build/site/"),
        "docs-check": ("docs.cli", "run every command of the tutorial and compare its output"),
        "elsewhere": ("elsewhere.cli", "bare Debian 12 and 13, arm64 by emulation, the container"),
    },
}
BY_NAME = {name: command for group in COMMANDS.values() for name, command in group.items()}


def overview() -> str:
    """The text of --help."""
    lines = ["usage: scripts/workshop COMMAND [ARGUMENT…]", "",
             "What can be measured, compared, graded and documented here."]
    for group, commands in COMMANDS.items():
        lines += ["", group, *(f"  {name:<12} {what}" for name, (_, what) in commands.items())]
    return "\n".join([*lines, "", "Arguments and defaults: scripts/workshop COMMAND --help",
                      "Example: scripts/workshop load v1-naive -n 20000"])


def parse(name: str, arguments: list[str]) -> tuple:
    """(the command's module, its options). Raises UsageError."""
    module = importlib.import_module(BY_NAME[name][0])
    parser = Parser(name)
    module.add_arguments(parser)
    passes_on = getattr(module, "PASSES_ON", None)
    own, rest = arguments, []
    if passes_on and "--" in arguments:
        own, rest = arguments[:arguments.index("--")], arguments[arguments.index("--") + 1:]
    options, unknown = parser.parse_known_args(own)
    if unknown and passes_on != "all":
        options_first = sorted(unknown, key=lambda word: not word.startswith("-"))
        rule = "unknown option" if options_first[0].startswith("-") else "one argument too many"
        raise UsageError(options_first[0], rule, parser.prog)
    options.name, options.prog, options.rest = name, parser.prog, unknown + rest
    return module, options


def main(arguments: list[str]) -> int:
    """Runs one command; its exit status."""
    name, *rest = arguments or ["nothing"]
    if name == "--help":
        print(overview())
        return 0
    if name not in BY_NAME:
        near = difflib.get_close_matches(name, BY_NAME, 1)
        raise UsageError(
            name, f"this is no command{f' (did you mean {near[0]}?)' if near else ''}",
            "scripts/workshop")
    module, options = parse(name, rest)
    with children.no_survivors():
        return module.run(options) or 0


if __name__ == "__main__":
    main_of(main)
