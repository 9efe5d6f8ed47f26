"""A bare Debian: nothing but git, make and sudo. The README's two commands, the first as root, the
second as a user with sudo; and then every command of the tutorial."""
import shutil
from dataclasses import dataclass
from pathlib import Path

from base import children
from base.errors import Failure
from base.paths import relative
from elsewhere import system
from elsewhere.system import CACHE, TREE, Step

USER = ("useradd --create-home --shell /bin/bash learner && "
        "echo 'learner ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/learner")
MOST_PACKAGES, MOST_MB = 200, 200  # of the first command


@dataclass(frozen=True)
class Debian:
    """One release: what `make elsewhere` calls it, and debootstrap."""

    name: str
    suite: str

    @property
    def here(self) -> Path:
        """Of its systems and logs."""
        return CACHE / self.name

    @property
    def root(self) -> Path:
        """Of the system that is used; `bare` beside it stays as it was made."""
        return self.here / "root"

    def steps(self) -> list[Step]:
        """What is tried, in order."""
        return [Step("bare system", self.bare), Step("make walkthrough, as root", self.walkthrough),
                Step("make test, as a user with sudo", self.test)]

    def docs_steps(self) -> list[Step]:
        """The same system afterwards: do the patterns of the pages hold there?"""
        return [Step("make docs-check, as that user", self.docs_check)]

    def bare(self) -> str:
        """Makes it, with a clone of this tree."""
        said = system.bare(self.suite, self.here / "bare", self.here / "bare.log")
        shutil.rmtree(self.root, ignore_errors=True)
        system.logged(["cp", "-a", self.here / "bare", self.root], self.here / "copy.log")
        (self.here / "packages").mkdir(exist_ok=True)
        self._do(USER, "user.log")
        npm_settings(self.root / "home" / "learner")
        system.clone(f"{self.root}{TREE}", self.here / "clone.log")
        return said

    def walkthrough(self) -> str:
        """The first command of the README."""
        return downloads(self._do(f"cd {TREE} && make walkthrough", "walkthrough.log"))

    def test(self) -> str:
        """The second one."""
        return system.found(r"(\d+% tests passed.*)$", self._as_learner("make test", "test.log"))

    def docs_check(self) -> str:
        """Raises Failure without the system."""
        if not self.root.is_dir():
            raise Failure(relative(self.root), "the bare system is made first",
                          f"Run: sudo make elsewhere SYSTEM={self.name}")
        return system.found(r"The chapters hold \((.*)\)\.$",
                            self._as_learner("make docs-check", "docs.log"))

    def _do(self, command, log):
        return system.logged(system.inside(self.root, command, "root", self.here / "packages"),
                             self.here / log)

    def _as_learner(self, command, log):
        return self._do(
            f"chown -R learner: {TREE} && runuser -l learner -c 'cd {TREE} && {command}'", log)


DEBIAN12, DEBIAN13 = Debian("debian12", "bookworm"), Debian("debian13", "trixie")


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
