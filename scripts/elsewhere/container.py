"""The container of .devcontainer, built without Docker, and what a learner does in it.

Its base is the bare Debian 13 of debian13.py, which stands for the debian:13-slim of a registry.
"""
import json
import shutil

from base.paths import ROOT
from elsewhere import debian13, system
from elsewhere.system import CACHE, Step

HERE = CACHE / "container"
BUILDAH = ("buildah", "--root", HERE / "storage", "--runroot", HERE / "run")
BASE, IMAGE, CONTAINER = "localhost/debian-bare", "localhost/workshop", "workshop-tried"
MOST_GB = 1.8


def steps() -> list:
    """What is tried, in order."""
    return [
        Step("bare system", lambda: system.bare("trixie", debian13.HERE / "bare",
                                                HERE / "bare.log")),
        Step("image", image),
        *(Step(f"{command}, unprivileged", lambda command=command: run(command))
          for command in ("make doctor", "make load", "make profile-cpu",
                          "make lab N=1 && make solution LAB=1 | patch -p1 && make grade LAB=1")),
    ]


def image() -> str:
    log = HERE / "image.log"
    system.logged([*BUILDAH, "rm", "--all"], HERE / "rm.log")
    system.logged([*BUILDAH, "from", "--name", "bare", "scratch"], log)
    system.logged([*BUILDAH, "copy", "bare", debian13.HERE / "bare", "/"], log)
    system.logged([*BUILDAH, "commit", "--rm", "bare", BASE], log)
    system.logged([*BUILDAH, "build", "--isolation", "chroot", "--layers", "--pull-never",
                   "--from", BASE, "--tag", IMAGE, "--file", ROOT / ".devcontainer" / "Dockerfile",
                   ROOT], log)
    size, = json.loads(system.logged([*BUILDAH, "images", "--json", IMAGE], HERE / "size.log"))
    system.logged([*BUILDAH, "from", "--name", CONTAINER, IMAGE], log)
    shutil.rmtree(HERE / "tree", ignore_errors=True)
    system.clone(HERE / "tree", HERE / "clone.log")
    system.logged(["chown", "-R", "1000:1000", HERE / "tree"], HERE / "clone.log")
    return size["size"]


def run(command: str) -> str:
    """A command as the image's own user, in a clone that is mounted as .devcontainer/run does."""
    system.logged([*BUILDAH, "run", "--isolation", "chroot", "--volume",
                   f"{HERE / 'tree'}:/workshop", CONTAINER, "bash", "-c", command],
                  HERE / f"{command.split()[1]}.log")
    return "0"
