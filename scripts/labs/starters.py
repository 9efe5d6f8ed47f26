"""Makes the directories of a lab: the sick service, its solution, a decoy. Each is a stage
(v2-optimized) and patches."""
import contextlib
import errno
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from base import children
from base.errors import Failure
from base.signals import temporary_folder
from labs import paths
from labs.catalog import Lab


@contextlib.contextmanager
def whole(target: Path) -> Iterator[Path]:
    """A folder to fill; it becomes `target` at the end, or vanishes: an interrupted command
    leaves no half of a stage. If another command makes the same one meanwhile, its own stays."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(prefix=f".{target.name}.", dir=target.parent) as folder:
        fresh = Path(folder, target.name)
        yield fresh
        try:
            fresh.rename(target)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise


def copy_with(patches: list[Path], target: Path, base: str = paths.BASE_STAGE) -> None:
    """Copies the base to `target`, which must not exist, and applies the patches in order. Raises
    Failure if one does not apply."""
    with whole(target) as fresh:
        shutil.copytree(paths.ROOT / base, fresh)
        for patch in patches:
            done = children.run(["patch", "--quiet", "--no-backup-if-mismatch", "--fuzz=0", "-p1",
                                 "-d", fresh, "-i", patch])
            if done.status != 0:
                raise Failure(paths.relative(patch),
                              f"it does not apply to {base}: {done.stdout.strip()}",
                              f"Has {base} changed? Restore it: git checkout {base}")


@contextlib.contextmanager
def directory_with(patches: list[Path], base: str = paths.BASE_STAGE) -> Iterator[Path]:
    """A temporary copy of the base with the patches, as a context manager."""
    with temporary_folder(prefix="leftpad-lab.") as parent:
        target = Path(parent, "stage")
        copy_with(patches, target, base)
        yield target


def starter(lab: Lab) -> AbstractContextManager:
    """The sick service, as directory_with."""
    return directory_with([lab.starter], lab.base)


def solution(lab: Lab) -> AbstractContextManager:
    """The repaired service, as directory_with."""
    return directory_with([lab.starter, lab.solution] if lab.solution else [], lab.base)


@contextlib.contextmanager
def with_code(lab: Lab, file: Path) -> Iterator[Path]:
    """The sick service with the code of the file in it, as directory_with."""
    with starter(lab) as folder:
        with Path(folder, "leftpad.cpp").open("a", encoding="utf-8") as source:
            source.write(file.read_text(encoding="utf-8"))
        yield folder


def changed(lab: Lab, patch: Path) -> AbstractContextManager:
    """The sick service with a patch, as directory_with."""
    return directory_with([lab.starter, patch], lab.base)
