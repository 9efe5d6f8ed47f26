"""The container of .devcontainer, built without Docker, and what a learner does in it.

Its base is the bare Debian 13 of debian.py, which stands for the debian:13-slim of a registry.
"""
import json
import shutil

from base import children
from base.errors import Failure
from base.paths import ROOT as TREE
from elsewhere import system
from elsewhere.debian import DEBIAN13
from elsewhere.system import CACHE, Step

HERE = CACHE / "container"
BUILDAH = ("buildah", "--root", HERE / "storage", "--runroot", HERE / "run")
BASE, IMAGE, CONTAINER = "localhost/debian-bare", "localhost/workshop", "workshop-tried"
MOST_GB = 1.8
LAB = ("make lab N=1 && make solution LAB=1 | patch -p1 -d v3-lab01 && "
       "make grade LAB=1")


def steps() -> list:
    """What is tried, in order."""
    return [Step("bare system", base), Step("image", image),
            *(Step(f"{name}, unprivileged", lambda command=command: run(command))
              for name, command in (("doctor", "make doctor"), ("load", "make load"),
                                    ("profile", "make profile-cpu"), ("a lab", LAB)))]


def buildah(*words) -> str:
    """Runs buildah on images of our own; what it says."""
    return system.logged([*BUILDAH, *words], HERE / f"{words[0]}.log")


def base() -> str:
    """Makes the bare system that the image begins from."""
    said = system.bare(DEBIAN13.suite, DEBIAN13.here / "bare", HERE / "bare.log")
    if children.run([*BUILDAH, "inspect", "--type", "image", BASE]).status:
        buildah("from", "--name", "bare", "scratch")
        buildah("copy", "bare", DEBIAN13.here / "bare", "/")
        buildah("commit", "--rm", "bare", BASE)
    return said


def image() -> str:
    """Builds the image."""
    buildah("rm", "--all")
    buildah("build", "--isolation", "chroot", "--layers", "--pull-never", "--from", BASE,
            "--tag", IMAGE, "--file", TREE / ".devcontainer" / "Dockerfile", TREE)
    buildah("from", "--name", CONTAINER, IMAGE)
    shutil.rmtree(HERE / "tree", ignore_errors=True)
    system.clone(HERE / "tree", HERE / "clone.log")
    system.logged(["chown", "-R", "1000:1000", HERE / "tree"], HERE / "chown.log")
    return size(json.loads(buildah("images", "--json", IMAGE))[0]["size"])


def size(text: str) -> str:
    """The size that buildah tells. Raises Failure if it is too large."""
    number, unit = text.split()
    if unit == "GB" and float(number) > MOST_GB:
        raise Failure(text, f"the image may have {MOST_GB} GB", "Move packages to another group")
    return text


def run(command: str) -> str:
    """A command as the image's own user, in a clone that is mounted as .devcontainer/run does."""
    said = buildah("run", "--isolation", "chroot", "--volume", f"{HERE / 'tree'}:/workshop",
                   CONTAINER, "bash", "-c", command)
    return said.strip().splitlines()[-1]
