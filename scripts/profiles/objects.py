"""The calls in object files and where they come from, by objdump and eu-addr2line. Used by
alloc_sites.py.

A call is a call or jump instruction with a target outside its function. Its source is the chain of
inlined functions that DWARF records for its address. Works on objects that are not linked:
relocations name the targets. Not binutils' addr2line, which can name the wrong function where
inlined code begins one.
"""
import re
from collections.abc import Iterable
from dataclasses import dataclass

from base import children
from base.errors import Failure
from base.raw import Frame

_SECTION = re.compile(r"^Disassembly of section (\S+):$")
_FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
# x86-64 and arm64; not a conditional jump: nearly all lead to a part of the same function.
_CALL = re.compile(r"^\s*([0-9a-f]+):\s+(?:call|callq|jmp|jmpq|bl|b)\s+(.*)$")
_RELOCATION = re.compile(r"^\s*[0-9a-f]+: R_\S+\s+(\S+?)(?:[-+]0x[0-9a-f]+)?$")
_PLACE = re.compile(r"(.*?)(?::(\d+)(?::\d+)?)?$")
_LOCAL_TARGET = re.compile(r"<([^>+]+)(?:\+0x[0-9a-f]+)?>$")


@dataclass
class Call:
    """A call of operator new in the code of an object file."""

    object: str
    section: str
    address: int
    caller: str  # mangled
    target: str  # mangled
    frames: tuple = ()  # innermost inlined function first; filled by locate()


def _output(*command, input=None):
    done = children.run(command, input=input)
    if done.status:
        raise Failure(command[0], f"it failed: {done.stderr.strip()[:200]}",
                      "Is the object built? Run: make build")
    return done.stdout


def calls(objects: list) -> list[Call]:
    """Every Call in the object files or archives, in order, without frames."""
    found = []
    file = section = function = ""
    for line in _output("objdump", "-dr", "--no-show-raw-insn", *objects).splitlines():
        if line.endswith(("file format elf64-x86-64", "file format elf64-littleaarch64")):
            file = line.split(":")[0]
        elif match := _SECTION.match(line):
            section = match[1]
        elif match := _FUNCTION.match(line):
            function = match[1]
        elif match := _CALL.match(line):
            local = _LOCAL_TARGET.search(match[2])
            found.append(Call(file, section, int(match[1], 16), function,
                              local[1] if local else ""))
        elif (match := _RELOCATION.match(line)) and found and _follows(line, found[-1]):
            found[-1].target = match[1]
    return [call for call in found
            if call.target and not call.target.startswith(".") and call.target != call.caller]


def _follows(line, call):
    """Whether a relocation belongs to this call: its address is within the instruction."""
    return 0 <= int(line.split(":")[0], 16) - call.address < 8


def locate(found: list[Call]) -> None:
    """Fills the frames of these calls."""
    groups = {}
    for call in found:
        groups.setdefault((call.object, call.section), []).append(call)
    for (file, section), group in groups.items():
        addresses = [hex(call.address) for call in group]
        text = _output("eu-addr2line", "-afiC", "-e", file, "-j", section, *addresses)
        answers = re.split(r"^0x[0-9a-f]+\n", text, flags=re.MULTILINE)[1:]
        for call, answer in zip(group, answers):
            lines = answer.splitlines()
            call.frames = tuple(_frame(*pair) for pair in zip(lines[::2], lines[1::2]))


def _frame(function, place):
    file, line = _PLACE.match(place).groups()
    return Frame(function.split(" inlined at ")[0], file, int(line or 0))


def demangle(names: Iterable[str]) -> dict:
    """{mangled: readable}"""
    names = sorted(set(names))
    return dict(zip(names, _output("c++filt", input="\n".join(names)).splitlines()))
