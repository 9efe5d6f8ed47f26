"""Compiles a stage's directory into the programs that are graded, with the flags of the real build.

CMake's own build of v2-optimized (of v1-naive, for a stage with its headers) gives the compile
and link commands, and every object that does not depend on the stage. Only what differs is
compiled again, once for each content, as fast as possible: objects are kept in
build/labs/objects under the hash of what went into them. So a starter, a solution and a
learner's stage are built in the same way in seconds, without a directory of theirs in the source
tree.
"""
import functools
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from labs import paths
from base.errors import Failure

KINDS = ("leftpad", "test", "probe", "bench")


class CompileError(Exception):
    """The stage does not compile; the text is the compiler's."""


def configure():
    """Makes build/ as scripts/build.sh does, unless it is there."""
    if not (paths.BUILD / "build.ninja").exists():
        _run("configuring", ["cmake", "--preset", "release"])


def programs_of_base(stage=paths.BASE_STAGE):
    """Builds the programs of v2-optimized, and of another stage that a lab starts from, unless
    that was done already."""
    if os.environ.get("LABS_BUILD_DIR"):
        return  # CTest: everything is built
    configure()
    stages = {paths.BASE_STAGE, stage}
    _run(f"building {' and '.join(sorted(stages))}", [
        "cmake", "--build",
        str(paths.BUILD), "--target", *(f"{kind}-{one}" for one in stages for kind in KINDS)
    ])


def _run(what, command):
    done = subprocess.run(command, cwd=paths.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    if done.returncode != 0:
        print(done.stdout[-2000:])
        raise Failure(what, "it failed; the output is above", "Run: make build")


def _compile_commands():
    file = paths.BUILD / "compile_commands.json"
    if not file.exists():
        raise Failure(paths.relative(paths.BUILD), "it has no compile_commands.json",
                      "Run: make build")
    return json.loads(file.read_text(encoding="utf-8"))


def sources_of(stage_dir):
    """The .cpp files that add_stage() lists."""
    file = stage_dir / "CMakeLists.txt"
    found = file.is_file() and re.search(r"add_stage\(([^)]*)\)", file.read_text(encoding="utf-8"))
    if not found:
        raise CompileError(f"{stage_dir.name}/CMakeLists.txt has no add_stage(…)")
    return found[1].split()


def _as_in_the_clone(text):
    """Without the paths of this machine: a verdict is the same on every one."""
    return re.sub(rf"{re.escape(str(paths.BUILD))}/labs/objects/\S+\.o: ", "",
                  text).replace(f"{paths.ROOT}/", "")


class Forge:
    """`debug_information`: for programs whose profiles are read."""

    def __init__(self, base=paths.BASE_STAGE, debug_information=False):
        self.name, self.base, self.debug_information = base, paths.ROOT / base, debug_information
        self.objects = paths.BUILD / "labs" / "objects"
        self.objects.mkdir(parents=True, exist_ok=True)
        self.commands = [
            entry for entry in _compile_commands() if f"-{base}.dir/" in entry["command"]
        ]
        self.links = {}

    def build(self, stage_dir, kind):
        """The path of the program `kind` (one of KINDS, or heaptrack) of the stage; CompileError
        if it does not compile."""
        stage_dir = Path(stage_dir).resolve()
        return self._nearest(stage_dir)._build(stage_dir, kind)

    def _nearest(self, stage_dir):
        """The forge of the stage that needs the least compiling."""
        headers = self._headers(stage_dir)
        if headers != self._headers(self.base) and headers == self._headers(
                paths.ROOT / paths.NAIVE_STAGE):
            return self._naive
        return self

    @functools.cached_property
    def _naive(self):
        return Forge(paths.NAIVE_STAGE, self.debug_information)

    def _build(self, stage_dir, kind):
        sources = [self._command_of_stage_source(stage_dir, name) for name in sources_of(stage_dir)]
        others = []
        if self._headers(stage_dir) != self._headers(self.base):
            others = [entry for entry in self.commands if self._depends_on_headers(entry, kind)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            objects = list(
                pool.map(lambda entry: self._object(entry, stage_dir),
                         [*sources, *(self._moved(entry, stage_dir) for entry in others)]))
        rebuilt = dict(zip(map(self._output, others), objects[len(sources):]))
        return self._link(kind, objects[:len(sources)], rebuilt)

    def _program(self, kind):
        return f"leftpad-{self.name}-heaptrack" if kind == "heaptrack" else f"{kind}-{self.name}"

    # --- compiling ---

    def _command_of_stage_source(self, stage_dir, name):
        template = next((e for e in self.commands if e["file"] == str(self.base / "leftpad.cpp")),
                        None)
        if template is None:
            raise Failure("compile_commands.json", f"it does not know {self.name}/leftpad.cpp",
                          "Run: make build")
        return self._moved({**template, "command": template["command"].replace("leftpad.cpp", name),
                            "file": str(self.base / name)}, stage_dir)

    def _moved(self, entry, stage_dir):
        """The command for the same file of another stage: include path and source change."""
        words = [
            re.sub(rf"{re.escape(str(self.base))}(?=/|$)", lambda _: str(stage_dir), word)
            for word in shlex.split(entry["command"])
        ]
        file = entry["file"].replace(f"{self.base}/", f"{stage_dir}/")
        return {**entry, "command": shlex.join(words), "file": file}

    def _depends_on_headers(self, entry, kind):
        target = self._output(entry).split(".dir/")[0]
        app = target.endswith(f"stage-{self.name}") and "/app/" in entry["file"]
        ours = app or target.endswith(f"/{self._program(kind)}")
        return ours and self._output(entry) in self._users_of_headers

    @functools.cached_property
    def _users_of_headers(self):
        """The objects that a header of the stage went into, as ninja has it from the compiler."""
        done = subprocess.run(["ninja", "-C", str(paths.BUILD), "-t", "deps"], capture_output=True,
                              text=True, check=False)
        blocks = done.stdout.split("\n\n")
        users = {block.split(": #deps")[0].strip() for block in blocks
                 if re.search(rf"^ +(?:.*/)?{re.escape(self.name)}/[^/]+\.h$", block, re.M)}
        if not users:
            raise Failure(self.name, "ninja does not know which objects include its headers",
                          "Run: make build")
        return users

    @staticmethod
    def _headers(stage_dir):
        return {file.name: file.read_bytes() for file in sorted(Path(stage_dir).glob("*.h"))}

    @staticmethod
    def _included(stage_dir):
        """What a source of the stage may include: all files but the other sources, and but
        answers to a lab."""
        sources = sources_of(stage_dir)
        return {
            name: file.read_bytes()
            for file in sorted(Path(stage_dir).rglob("*"))
            if file.is_file() and file.suffix != ".json" and
            (name := str(file.relative_to(stage_dir))) not in sources
        }

    @staticmethod
    def _output(entry):
        words = shlex.split(entry["command"])
        return words[words.index("-o") + 1]

    def _object(self, entry, stage_dir):
        words = [
            word for word in shlex.split(entry["command"]) if word != "-g" or self.debug_information
        ]
        if "/common/tests/" in entry[
                "file"]:  # a test's own code is neither measured nor worth optimizing
            words = ["-O0" if word == "-O2" else word for word in words]
        at = words.index("-o") + 1
        own = str(stage_dir)
        key = hashlib.sha256()
        for word in words[:at] + words[at + 1:]:
            key.update(word.replace(own, "STAGE").encode() + b"\0")
        for name, text in self._included(stage_dir).items():
            key.update(f"{name}\0{len(text)}\0".encode() + text)
        file = Path(entry["file"])
        if not file.exists():
            raise CompileError(f"{file.name}: add_stage() lists it, but it is not there")
        key.update(file.read_bytes())
        key.update(self._state_of_base(file))
        target = self.objects / f"{key.hexdigest()[:24]}.o"
        if not target.exists():
            fresh = target.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
            words[at] = str(fresh)
            done = subprocess.run(words, cwd=entry["directory"], capture_output=True, text=True,
                                  check=False)
            if done.returncode != 0:
                raise CompileError(
                    _as_in_the_clone(done.stderr.replace(own + "/", f"{stage_dir.name}/")))
            fresh.rename(target)
        return target

    @functools.cache
    def _state_of_base(self, file):
        """What the real build made of this file: it changes with every header that the file
        includes."""
        known = {
            Path(entry["file"]).name: Path(entry["directory"], self._output(entry))
            for entry in self.commands
        }
        made = known.get(file.name, known["handlers.cpp"])
        if not made.exists():
            raise Failure(paths.relative(made), "it is not built", "Run: make build")
        return hashlib.sha256(made.read_bytes()).digest()

    # --- linking ---

    def _link(self, kind, objects, rebuilt):
        command = self._link_command(kind)
        output = f"bin/{self._program(kind)}"
        archive = next(word for word in command if word.endswith(f"libstage-{self.name}.a"))
        key = hashlib.sha256("".join(o.name for o in [*objects, *rebuilt.values()]).encode())
        rest = self._rest_of(paths.BUILD / archive)
        for word in [*command, rest.name]:
            file = paths.BUILD / word
            key.update(word.encode())
            if file.is_file() and word != output:
                key.update(str(file.stat().st_mtime_ns).encode())
        target = self.objects.parent / "bin" / f"{kind}-{key.hexdigest()[:16]}"
        if target.exists():
            return target
        target.parent.mkdir(exist_ok=True)
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
        words = []
        for word in command:
            if word == archive:  # objects come first, so the archive's own are not taken
                words += [str(o) for o in objects
                          ] + [str(new) for old, new in rebuilt.items() if old not in command]
                words.append(str(rest))
                continue
            words.append(str(fresh) if word == output else str(rebuilt.get(word, word)))
        done = subprocess.run(words, cwd=paths.BUILD, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CompileError(_as_in_the_clone(done.stderr))
        fresh.rename(target)
        return target

    def _rest_of(self, archive):
        """A copy without the sources of the base: what a stage leaves out must not come from the
        solution."""
        target = self.objects / f"{archive.stem}-{archive.stat().st_mtime_ns}.a"
        if not target.exists():
            fresh = target.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
            shutil.copyfile(archive, fresh)
            subprocess.run(
                ["ar", "d", str(fresh), *(f"{name}.o" for name in sources_of(self.base))],
                check=True)
            fresh.rename(target)
        return target

    def _link_command(self, kind):
        if kind not in self.links:
            done = subprocess.run([
                "ninja", "-C",
                str(paths.BUILD), "-t", "commands", "-s", f"bin/{self._program(kind)}"
            ], capture_output=True, text=True, check=False)
            lines = [line for line in done.stdout.splitlines() if " -o " in line]
            if done.returncode != 0 or not lines:
                raise Failure(self._program(kind), "ninja does not know how to link it",
                              "Run: make build")
            parts = re.split(r"\s&&\s", lines[-1])
            self.links[kind] = shlex.split(next(part for part in parts if " -o " in part))
        return self.links[kind]
