"""pprof, the program that reads profiles, as the commands run it."""
import os
import re
import shutil
import subprocess
from pathlib import Path

from base import children, console, raw, tools
from base.errors import Failure
from base.paths import PPROF, relative

TOP_NODES = 15
# What the first table has said already.
_HEADER = re.compile(
    r"(?m)^(File|Build ID|Type|Time|Duration|Active filters|left out|   show=).*\n")


def find() -> list:
    """The words that run pprof. Raises Failure if there is none."""
    if shutil.which(PPROF):
        return [str(PPROF)]
    if not shutil.which("go"):
        tools.need_pprof("the standalone pprof is not built and there is no Go with its own")
    console.warn(
        f"{relative(PPROF)} is missing (make setup builds it); "
        "using go tool pprof, which cannot disassemble C++")
    return ["go", "tool", "pprof"]


def read(pprof: list, file: Path) -> tuple:
    """(what pprof -raw says of a profile, its time in UTC; the same as raw.Profile). Raises
    Failure if it is none."""
    done = children.run([*pprof, "-raw", file], env={**os.environ, "TZ": "UTC"})
    if done.status:
        raise Failure(children.last_words(done.stderr),
                      f"pprof cannot read {relative(file)}", "Capture it again")
    return done.stdout, raw.parse(done.stdout)


def show(command: list, without_header: bool = False) -> str:
    """Shows a command and what it says; raises Failure if it fails."""
    console.show(command)
    done = children.run(command, stderr=subprocess.STDOUT)
    text = _HEADER.sub("", done.stdout) if without_header else done.stdout
    print(text, end="", flush=True)
    if done.status:
        raise Failure("pprof", children.how_it_ended(done.status), "See above")
    return text


def draw(command: list) -> None:
    """Shows a command that writes a picture, without its messages of progress. Without Graphviz,
    which is not installed for the walkthrough, there is none."""
    if not shutil.which("dot"):
        return
    console.show(command)
    done = children.run(command)
    if done.status:
        raise Failure(children.last_words(done.stderr),
                      "pprof could not draw the call graph", "Run it by hand")
