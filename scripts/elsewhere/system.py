"""What every system of `make elsewhere` needs: commands with a log, bare Debians, commands in them.

Needs root. What is made once stays in build/elsewhere/, packages too.
"""
import re
import shutil
import subprocess
from dataclasses import dataclass
from collections.abc import Callable, Sequence
from pathlib import Path

from base import children, console
from base.errors import Failure
from base.paths import BUILD, ROOT, relative

CACHE = BUILD / "elsewhere"
TREE = "/srv/workshop"  # in a bare system
LOG_TAIL = 25  # lines that a failure shows, of each failed test and of the end
FAILED_TEST = re.compile(r"^ *\d+/\d+ Test +#\d+:.*\*\*\*(?!Skipped)[^\0]*?"
                         r"(?=^ *(?:Start +\d|\d+/\d+ Test|\d+% tests))", re.M)  # of CTest
WARNING = re.compile(r"^\S+:\d+:\d+: warning: .*", re.M)  # of a compiler
# In namespaces of its own: whatever it mounts and starts is gone with it.
_ENTER = """mount -t proc proc "$0/proc"
for tree in dev sys; do mount --rbind "/$tree" "$0/$tree"; done
[[ ! -d $1 ]] || mount --bind "$1" "$0/var/cache/apt/archives"
cp /etc/resolv.conf "$0/etc/"
exec chroot "$0" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 runuser -l "$2" -c "$3\""""


@dataclass
class Step:
    """What is shown, and what does it: gives the result as a short text, or raises Failure."""

    what: str
    action: Callable[[], str]


def logged(command: Sequence, log: Path, **options) -> str:
    """Runs a command, its output in `log` and returned. Raises Failure, after the last lines, if
    it fails, and if a compiler warns."""
    console.show(command)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as sink:
        status = children.run(command, stdout=sink, stderr=subprocess.STDOUT, **options).status
    said = log.read_text(encoding="utf-8", errors="replace")
    if status:
        for text in (*FAILED_TEST.findall(said), said):
            print(*text.splitlines()[-LOG_TAIL:], sep="\n")
        raise Failure(relative(log), f"the command ended with {children.how_it_ended(status)}",
                      "Read this file")
    if warning := WARNING.search(said):
        raise Failure(warning[0], "no compiler of a supported system warns", "Fix the code")
    return said


def once(folder: Path, make: Callable[[Path], object]) -> str:
    """Has a folder made, or takes the one that an earlier run made to its end."""
    if folder.is_dir():
        return "taken from an earlier run"
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    make(unfinished)
    unfinished.rename(folder)
    return "made"


def bare(suite: str, folder: Path, log: Path) -> str:
    """A Debian with git, make and sudo, and nothing else."""
    def make(root):
        logged(["debootstrap", "--variant=minbase", "--include=git,make,sudo", suite, root], log)
        logged(inside(root, "apt-get clean"), log)
    return once(folder, make)


def inside(root: Path, command: str, user: str = "root", packages: Path | str = "") -> list:
    """The words that run a shell command in a system, as one of its users; `packages` is a folder
    that keeps what apt downloads."""
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-euc", _ENTER,
            root, packages, user, command]


def clone(folder: Path | str, log: Path) -> None:
    """The last commit of this tree."""
    logged(["git", "clone", "--quiet", "--no-hardlinks", ROOT, folder], log)


def found(pattern: str, said: str) -> str:
    """The last match in what a command said. Raises Failure without one."""
    matches = re.findall(pattern, said, re.MULTILINE)
    if not matches:
        raise Failure(pattern, "the output must have this", "Read the logs in build/elsewhere")
    return matches[-1]
