"""Debian 13 with nothing but git, make and sudo: the README's two commands, the first as root, the
second as a user with sudo; and then every command of the tutorial."""
import shutil
from pathlib import Path

from base import children
from base.errors import Failure
from base.paths import relative
from elsewhere import system
from elsewhere.system import CACHE, TREE, Step

HERE = CACHE / "debian13"
ROOT, PACKAGES = HERE / "root", HERE / "packages"
USER = ("useradd --create-home --shell /bin/bash learner && "
        "echo 'learner ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/learner")
MOST_PACKAGES, MOST_MB = 200, 200  # of the first command


def steps() -> list:
    """What is tried, in order."""
    return [Step("bare system", bare), Step("make walkthrough, as root", walkthrough),
            Step("make test, as a user with sudo", test)]


def docs_steps() -> list:
    """The same system afterwards: do the patterns of the pages hold there?"""
    return [Step("make docs-check, as that user", docs_check)]


def bare() -> str:
    said = system.bare("trixie", HERE / "bare", HERE / "bare.log")
    shutil.rmtree(ROOT, ignore_errors=True)
    system.logged(["cp", "-a", HERE / "bare", ROOT], HERE / "copy.log")
    PACKAGES.mkdir(exist_ok=True)
    system.logged(system.inside(ROOT, USER), HERE / "user.log")
    npm_settings(ROOT / "home" / "learner")
    system.clone(f"{ROOT}{TREE}", HERE / "clone.log")
    return said


def npm_settings(home: Path) -> None:
    """Whoever has that home asks the registry that npm asks here, with the same certificates."""
    def ours(name):
        said = children.run(["npm", "config", "get", name]).stdout.strip()
        return said if said not in ("null", "undefined") else ""
    if not shutil.which("npm"):
        return
    lines = [f"registry={ours('registry')}\n"]
    if certificates := ours("cafile"):
        shutil.copy(certificates, home / "npm.crt")
        lines.append("cafile=${HOME}/npm.crt\n")
    (home / ".npmrc").write_text("".join(lines), encoding="utf-8")


def walkthrough() -> str:
    said = system.logged(system.inside(ROOT, f"cd {TREE} && make walkthrough", "root", PACKAGES),
                         HERE / "walkthrough.log")
    return downloads(said)


def downloads(said: str) -> str:
    """What apt-get installed. Raises Failure if it is more than a first command may cost."""
    packages = int(system.found(r"^\d+ upgraded, (\d+) newly installed", said))
    size, unit = system.found(r"^Need to get (?:\S+ .?B/)?([\d.,]+) (.B) of archives", said)
    megabytes = float(size.replace(",", "")) / (1000 if unit == "kB" else 1)
    if packages > MOST_PACKAGES or megabytes > MOST_MB:
        raise Failure(f"{packages} packages, {megabytes:.0f} MB",
                      f"make walkthrough may download {MOST_PACKAGES} and {MOST_MB} MB",
                      "Move what it can do without to another group of scripts/packages.txt")
    return f"{packages} packages, {megabytes:.0f} MB"


def test() -> str:
    return system.found(r"(\d+% tests passed.*)$", as_learner("make test", "test.log"))


def docs_check() -> str:
    if not ROOT.is_dir():
        raise Failure(relative(ROOT), "the bare system is made first",
                      "Run: sudo make elsewhere SYSTEM=debian13")
    return system.found(r"The chapters hold \((.*)\)\.$", as_learner("make docs-check", "docs.log"))


def as_learner(command: str, log: str) -> str:
    """What it said."""
    command = f"chown -R learner: {TREE} && runuser -l learner -c 'cd {TREE} && {command}'"
    return system.logged(system.inside(ROOT, command, "root", PACKAGES), HERE / log)
