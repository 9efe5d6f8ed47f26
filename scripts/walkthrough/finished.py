"""Which steps are finished, and how long the rest takes.

A finished step leaves build/walkthrough/ID.done: the fingerprint of its programs and command, and
its seconds.
"""
import functools
import hashlib
import shlex

from base.paths import BUILD
from walkthrough.steps import Step

STATE = BUILD / "walkthrough"


def _file(step):
    return STATE / f"{step.id}.done"


@functools.cache
def _sum(program):
    return hashlib.sha256((BUILD / "bin" / program).read_bytes()).hexdigest()


def _fingerprint(step):
    """The same for the same programs and command."""
    return " ".join([shlex.join(step.command), *(f"{name}={_sum(name)}" for name in step.programs)])


def is_done(step: Step) -> bool:
    """Whether its result is there, made by these programs and this command."""
    if not step.programs or not _file(step).exists() or not (BUILD / step.result).exists():
        return False
    return _file(step).read_text(encoding="utf-8").splitlines()[0] == _fingerprint(step)


def mark(step: Step, seconds: float) -> None:
    """Notes that a step is finished, and how long it took."""
    _file(step).write_text(f"{_fingerprint(step)}\n{seconds:.0f}\n", encoding="utf-8")


def seconds_of(step: Step) -> int:
    """How long it took last time here, or the estimate."""
    if not _file(step).exists():
        return step.seconds
    return int(_file(step).read_text(encoding="utf-8").splitlines()[1])


def time_left(steps: tuple) -> str:
    """The sum over the unfinished ones, as 4 min 10 s."""
    minutes, seconds = divmod(sum(seconds_of(step) for step in steps if not is_done(step)), 60)
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def forget(steps: tuple, commands: list[str] | None = None) -> None:
    """All of these steps; or those of the make commands, and those that read their results."""
    ids = {step.id for step in steps}
    if commands is not None:
        names = {command.split()[1].removeprefix("profile-") for command in commands}
        ids = {f"{name}{end}" for name in names for end in ("", "-old", "-new")}
        ids |= {"list", "disasm", "diff"} if "cpu" in names else set()
    for name in ids:
        (STATE / f"{name}.done").unlink(missing_ok=True)
