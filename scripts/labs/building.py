"""Builds the programs of a stage that is graded, by itself: CMake, ninja and ccache.

Each content of a stage has a folder below build/labs/stages with a copy of its files, where
stage/CMakeLists.txt builds it over the libraries of the release build. The list of sources is read
from the stage's own CMakeLists.txt, which is not run. So a starter, a solution and a learner's
stage are built in the same way, in a sandbox, and what another one has compiled already comes from
ccache. What was handed in adds nothing to that cache.
"""
import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from base import children, console, sandbox, tools
from base.errors import Failure
from labs import paths

KEPT, KEPT_SECONDS = 60, 1800  # folders, but none that is in use; one has about 10 MB
COMPILE_SECONDS = 600
OPTION = re.compile(r"-g|-O[0-3sg]|-f(no-)?(exceptions|(asynchronous-)?unwind-tables|"
                    r"omit-frame-pointer|inline|optimize-sibling-calls)", re.ASCII)
NAME = re.compile(r"[\w.+-][\w./+-]*", re.ASCII)  # of a source
COMMENT = re.compile(r"#\[(=*)\[.*?\]\1\]|#[^\n]*", re.S)  # of CMake
OPTIONS = re.compile(
    r'set_source_files_properties\(\s*(\S+)\s+PROPERTIES\s+COMPILE_OPTIONS\s+"(.*?)"\s*\)')


class CompileError(Exception):
    """The stage does not compile; the text is the first error."""


def release(target: str, remedy: str) -> None:
    """Builds a target in build/; raises Failure if it does not build."""
    command = [paths.ROOT / "scripts" / "build.sh", "release", target]
    if children.run(command, stdout=None, stderr=None).status != 0:
        raise Failure(target, "it does not build; the output is above", remedy)


@functools.cache
def libraries() -> None:
    """Builds what every stage is linked with, but not in CTest, where everything is built."""
    if not os.environ.get("LABS_BUILD_DIR"):
        release("stage-libraries", "Run: make build")


def lists_of(files: dict[str, bytes]) -> str:
    """The CMakeLists.txt that a stage with these files is built with: the .cpp files that its own
    one lists in add_stage(), and its lines about how a source is compiled (lab 16), as far as they
    are about size, names and stacks. CompileError for a source that is not there, any other option
    or other code."""
    text = files.get("CMakeLists.txt", b"").decode(errors="replace")
    text = COMMENT.sub("", text)
    found = re.search(r"add_stage\s*\(([^)]*)\)", text)
    if not found:
        raise CompileError("the stage's CMakeLists.txt has no add_stage(…)")
    for name in found[1].split():
        if not NAME.fullmatch(name) or name not in files:
            raise CompileError(f"{name}: add_stage() lists it, but it is not there")
    lines = f"add_stage({' '.join(found[1].split())})"
    for source, words in OPTIONS.findall(text):
        if other := [word for word in words.split(";") if not OPTION.fullmatch(word)]:
            raise CompileError(f"{other[0][:60]}: a stage is not graded with this option")
        if not NAME.fullmatch(source):
            raise CompileError(f"{source[:60]}: this is no name of a source")
        lines += f'\nset_source_files_properties({source} PROPERTIES COMPILE_OPTIONS "{words}")'
    if other := OPTIONS.sub("", text.replace(found[0], "", 1)).strip():
        raise CompileError(f"{other.splitlines()[0][:60]}: the CMakeLists.txt of a stage that is "
                           "graded has one add_stage(…), and set_source_files_properties(SOURCE "
                           'PROPERTIES COMPILE_OPTIONS "…") if need be')
    return lines


def files_of(stage_dir: Path) -> dict[str, bytes]:
    """What a source may include: all of the stage but answers to a lab."""
    return {
        str(file.relative_to(stage_dir)): file.read_bytes()
        for file in sorted(Path(stage_dir).rglob("*"))
        if file.is_file() and file.suffix != ".json"
    }


def program(stage_dir: Path, kind: str, debug_information: bool = False,
            handed_in: bool = False) -> Path:
    """The program `kind` (leftpad, heaptrack, test, probe or bench) of the stage; CompileError if
    it does not compile. `debug_information`: for one whose profiles are read. `handed_in`: it comes
    from somebody else."""
    tools.need("ccache", "ccache")
    files = files_of(stage_dir)
    files["CMakeLists.txt"] = lists_of(files).encode()
    key = hashlib.sha256(repr((debug_information, sorted(files.items()))).encode()).hexdigest()[:16]
    folder = paths.BUILD / "labs" / "stages" / key
    target = "leftpad-stage-heaptrack" if kind == "heaptrack" else f"{kind}-stage"
    _prune(folder)
    with console.Bar(f"compiling {target}", 1, lines=0) as bar, \
            open(folder / "lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "build.ninja").exists():
            _configure(folder, files, debug_information)
        try:
            done = _compiled(folder, target, handed_in, bar)
        except subprocess.TimeoutExpired:
            raise CompileError(f"it takes more than {COMPILE_SECONDS} s to compile") from None
    if done.status != 0:
        raise CompileError(_first_error(done.stdout.replace(f"{folder}/stage/",
                                                            f"{Path(stage_dir).name}/")))
    return folder / "bin" / target


def enter_sandbox(remedy: str = "") -> None:
    """From here on stages are kept apart from the machine. Where they cannot be, a warning, or
    Failure with the remedy if there is one."""
    try:
        sandbox.enter(paths.BUILD / "labs" / "scratch")
    except Failure as why:
        if remedy:
            raise Failure(*why.parts[:2], f"{why.parts[2]}. {remedy}") from None
        console.warn(f"{why}. Your stage runs without a sandbox, with your rights")


class Programs:
    """The programs of one stage, built when first asked for."""

    def __init__(self, stage_dir: Path, handed_in: bool = False):
        self.stage_dir, self.handed_in, self.built = stage_dir, handed_in, {}

    def __call__(self, kind: str) -> Path:
        if kind not in self.built:
            self.built[kind] = program(self.stage_dir, kind, handed_in=self.handed_in)
        return self.built[kind]


def _prune(folder):
    """Makes the folder the newest of those that are kept; one process at a time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.parent.with_name("stages.lock"), "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.mkdir(exist_ok=True)
        os.utime(folder)
        for old in sorted(folder.parent.iterdir(), key=os.path.getmtime)[:-KEPT]:
            if time.time() - os.path.getmtime(old) > KEPT_SECONDS:
                shutil.rmtree(old, ignore_errors=True)


def _compiled(folder, target, handed_in, bar):
    """Runs ninja; the bar shows how far it is."""
    def tell(said):
        if steps := re.findall(r"^\[(\d+)/(\d+)\]", said, re.M):
            done, bar.total = map(int, steps[-1])
            bar.at(done)
    return _boxed(["ninja", "-C", folder, target], folder, handed_in, tell)


def _boxed(command, folder, handed_in=False, watch=None):
    """Runs a tool that reads the stage's copy in the folder, and writes there."""
    cache = paths.BUILD / "labs" / "ccache"
    cache.mkdir(parents=True, exist_ok=True)
    elsewhere = re.search(r"^HTTPLIB_DIR:\w+=(/.+)", Path(paths.BUILD, "CMakeCache.txt").read_text(
        encoding="utf-8"), re.M)
    readable = [paths.ROOT / "common", Path(__file__).parent / "stage", paths.BUILD / "common",
                paths.BUILD / "CMakeCache.txt", *(paths.BUILD / "labs").glob("*.cmake"),
                *([elsewhere[1]] if elsewhere else [])]
    environment = {"CCACHE_DIR": str(cache), "CCACHE_BASEDIR": str(folder), "CCACHE_MAXSIZE": "1G",
                   "CCACHE_ABSSTDERR": "1", "CCACHE_TEMPDIR": "/tmp", "HOME": "/tmp"}
    if handed_in:
        environment["CCACHE_READONLY"] = "1"
        readable.append(cache)
    return sandbox.run(command, COMPILE_SECONDS, watch=watch, is_ours=True, readable=readable,
                       writable=[folder, *([] if handed_in else [cache])], environment=environment)


def _configure(folder, files, debug_information):
    shutil.rmtree(folder / "stage", ignore_errors=True)
    for name, text in files.items():
        file = folder / "stage" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
    done = _boxed(["cmake", "-G", "Ninja", "-S", Path(__file__).parent / "stage", "-B", folder,
                   f"-DRELEASE={paths.BUILD}", f"-DDEBUG_INFORMATION={debug_information}"], folder)
    if done.status != 0:
        print(console.printable(done.stderr[-2000:]))
        raise Failure("the stage", "CMake cannot configure it; its output is above",
                      "Run: make build")


def _first_error(said):
    """Without the paths of this machine: a verdict is the same on every one."""
    lines = said.replace(f"{paths.ROOT}/", "").splitlines()
    errors = [line for line in lines
              if re.search("error:|undefined reference|multiple definition", line)]
    return (errors or lines[-1:] or ["the compiler failed"])[0][:200]
