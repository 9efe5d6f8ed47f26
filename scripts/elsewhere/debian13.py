"""Debian 13 with nothing but git, make and sudo: the README's two commands, the first as root, the
second as a user with sudo."""
import shutil
from pathlib import Path

from base import children
from base.errors import Failure
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
    command = f"chown -R learner: {TREE} && runuser -l learner -c 'cd {TREE} && make test'"
    said = system.logged(system.inside(ROOT, command, "root", PACKAGES), HERE / "test.log")
    return system.found(r"(\d+% tests passed.*)$", said)
