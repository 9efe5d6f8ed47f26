"""Compiles a stage's directory into the programs that are graded, with the flags of the real build.

CMake's own build of v2-optimized gives the compile and link commands, and every object that does not depend on
the stage. Only what differs from v2-optimized is compiled again, once for each content: objects are kept in
build/labs/objects under the hash of what went into them. So a starter, a solution and a learner's stage are
built in the same way in seconds, without a directory of theirs in the source tree.
"""
import functools
import hashlib
import json
import os
import re
import shlex
import subprocess
from pathlib import Path

from labs import paths
from labs.errors import Failure

KINDS = ("leftpad", "test", "probe")


class CompileError(Exception):
    """The stage does not compile; the text is the compiler's."""


def configure():
    """Makes build/ as scripts/build.sh does, unless it is there."""
    if not (paths.BUILD / "build.ninja").exists():
        _run("configuring", ["cmake", "--preset", "release"])


def programs_of_base():
    """Builds v2-optimized's programs unless that was done already."""
    if os.environ.get("LABS_BUILD_DIR"):
        return  # CTest: everything is built
    configure()
    _run(f"building {paths.BASE_STAGE}", ["cmake", "--build", str(paths.BUILD), "--target",
                                          *(f"{kind}-{paths.BASE_STAGE}" for kind in KINDS)])


def _run(what, command):
    done = subprocess.run(command, cwd=paths.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout[-2000:])
        raise Failure(what, "it failed; the output is above", "Run: make build")


def _compile_commands():
    file = paths.BUILD / "compile_commands.json"
    if not file.exists():
        raise Failure(paths.relative(paths.BUILD), "it has no compile_commands.json", "Run: make build")
    return json.loads(file.read_text(encoding="utf-8"))


def sources_of(stage_dir):
    """The .cpp files that add_stage() lists."""
    text = (stage_dir / "CMakeLists.txt").read_text(encoding="utf-8")
    found = re.search(r"add_stage\(([^)]*)\)", text)
    if not found:
        raise CompileError(f"{stage_dir.name}/CMakeLists.txt has no add_stage(…)")
    return found[1].split()


class Forge:
    def __init__(self):
        self.base = paths.ROOT / paths.BASE_STAGE
        self.objects = paths.BUILD / "labs" / "objects"
        self.objects.mkdir(parents=True, exist_ok=True)
        self.commands = [entry for entry in _compile_commands()
                         if f"-{paths.BASE_STAGE}.dir/" in entry["command"]]
        self.links = {}

    def build(self, stage_dir, kind):
        """The path of the program `kind` (leftpad, test or probe) of the stage; CompileError if it does not compile."""
        stage_dir = Path(stage_dir).resolve()
        objects = [self._object(self._command_of_stage_source(stage_dir, name), stage_dir)
                   for name in sources_of(stage_dir)]
        others = []
        if self._headers(stage_dir) != self._headers(self.base):
            others = [entry for entry in self.commands if self._depends_on_headers(entry, kind)]
        rebuilt = {self._output(entry): self._object(self._moved(entry, stage_dir), stage_dir) for entry in others}
        return self._link(kind, objects, rebuilt)

    # --- compiling ---

    def _command_of_stage_source(self, stage_dir, name):
        template = next((e for e in self.commands if e["file"] == str(self.base / "leftpad.cpp")), None)
        if template is None:
            raise Failure("compile_commands.json", f"it does not know {paths.BASE_STAGE}/leftpad.cpp", "Run: make build")
        return self._moved({**template, "command": template["command"].replace("leftpad.cpp", name),
                            "file": str(self.base / name)}, stage_dir)

    def _moved(self, entry, stage_dir):
        """The command for the same file of another stage: include path and source change."""
        command = entry["command"].replace(f"{self.base} ", f"{stage_dir} ").replace(f"{self.base}/", f"{stage_dir}/")
        file = entry["file"].replace(f"{self.base}/", f"{stage_dir}/")
        return {**entry, "command": command, "file": file}

    def _depends_on_headers(self, entry, kind):
        target = self._output(entry).split(".dir/")[0]
        app = target.endswith(f"stage-{paths.BASE_STAGE}") and "/app/" in entry["file"]
        return app or target.endswith(f"{kind}-{paths.BASE_STAGE}")

    @staticmethod
    def _headers(stage_dir):
        return {file.name: file.read_bytes() for file in sorted(Path(stage_dir).glob("*.h"))}

    @staticmethod
    def _output(entry):
        words = shlex.split(entry["command"])
        return words[words.index("-o") + 1]

    def _object(self, entry, stage_dir):
        words = shlex.split(entry["command"])
        at = words.index("-o") + 1
        own = str(stage_dir)
        key = hashlib.sha256()
        for word in words[:at] + words[at + 1:]:
            key.update(word.replace(own, "STAGE").encode() + b"\0")
        for name, text in self._headers(stage_dir).items():
            key.update(name.encode() + text)
        file = Path(entry["file"])
        if not file.exists():
            raise CompileError(f"{file.name}: add_stage() lists it, but it is not there")
        key.update(file.read_bytes())
        key.update(self._state_of_base(file))
        target = self.objects / f"{key.hexdigest()[:24]}.o"
        if not target.exists():
            fresh = target.with_suffix(f".{os.getpid()}")
            words[at] = str(fresh)
            done = subprocess.run(words, cwd=entry["directory"], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise CompileError(done.stderr.replace(own + "/", f"{stage_dir.name}/"))
            fresh.rename(target)
        return target

    @functools.cache
    def _state_of_base(self, file):
        """What the real build made of this file: it changes with every header that the file includes."""
        known = {Path(entry["file"]).name: Path(entry["directory"], self._output(entry)) for entry in self.commands}
        made = known.get(file.name, known["handlers.cpp"])
        if not made.exists():
            raise Failure(paths.relative(made), "it is not built", "Run: make build")
        return hashlib.sha256(made.read_bytes()).digest()

    # --- linking ---

    def _link(self, kind, objects, rebuilt):
        command = self._link_command(kind)
        output = f"bin/{kind}-{paths.BASE_STAGE}"
        archive = next(word for word in command if word.endswith(f"libstage-{paths.BASE_STAGE}.a"))
        key = hashlib.sha256("".join(o.name for o in [*objects, *rebuilt.values()]).encode())
        for word in command:
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
                words += [str(o) for o in objects] + [str(new) for old, new in rebuilt.items() if old not in command]
            words.append(str(fresh) if word == output else str(rebuilt.get(word, word)))
        done = subprocess.run(words, cwd=paths.BUILD, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CompileError(done.stderr)
        fresh.rename(target)
        return target

    def _link_command(self, kind):
        if kind not in self.links:
            done = subprocess.run(["ninja", "-C", str(paths.BUILD), "-t", "commands", "-s", f"bin/{kind}-{paths.BASE_STAGE}"],
                                  capture_output=True, text=True, check=False)
            lines = [line for line in done.stdout.splitlines() if " -o " in line]
            if done.returncode != 0 or not lines:
                raise Failure(f"{kind}-{paths.BASE_STAGE}", "ninja does not know how to link it", "Run: make build")
            parts = re.split(r"\s&&\s", lines[-1])
            self.links[kind] = shlex.split(next(part for part in parts if " -o " in part))
        return self.links[kind]
