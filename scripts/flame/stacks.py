"""Stacks of profiles: the kinds and short names of their frames, and folded text (one line a stack:
`a;b;c 42`). Pure.

A stack is a tuple of (name, kind) from the root to the leaf. The kind is the file of a stage that
the function is in, such as logger; APPLICATION for the rest of the workshop's code; LIBRARY for
everything else.
"""
import itertools
import re
from collections.abc import Callable
from pathlib import Path

from base import frames, paths
from base.raw import Profile
from flame import samples
from flame.samples import Amount

APPLICATION, LIBRARY = "/", ""
# What stands between two functions of interest, or above the first, and says nothing.
_SCAFFOLDING = re.compile(
    r"(?:[^(]* )?std::(?:__invoke|_Function_handler|_Bind|thread::_"
    r"|function(?:<.*>)?::operator\(\))"
    r"|(?:__)?clone3?$|start_thread$|execute_native_thread_routine$"
    r"|_start$|__libc_start_(?:call_)?main")
_NAMESPACES = set("service pprof httplib detail std __cxx11 __gnu_cxx __cxxabiv1 __detail".split())


def kind_of(file: str) -> str:
    """The kind of a function, by its source file."""
    kinds = {"s": frames.component(file) or "other", "a": APPLICATION, "l": LIBRARY}
    return kinds[frames.kind_of(file)]


def without_scaffolding(stack: list | tuple, name: Callable = lambda frame: frame[0]) -> tuple:
    """The stack without thread start-up and std::function; a function that calls itself is there
    once."""
    kept = [frame for frame in stack if not _SCAFFOLDING.match(name(frame))] or stack
    return tuple(next(same) for _, same in itertools.groupby(kept, name))


def of(profile: Profile, index: int) -> dict:
    """{stack: Amount} of the entries whose value is not 0."""
    merged, amount = {}, samples.reader(profile, index)
    for values, stack in profile.samples:
        if values[index]:
            key = tuple((frame.name, kind_of(frame.file)) for frame in stack)
            merged[key] = merged.get(key, Amount()) + amount(values)
    return merged


def parse_folded(text: str, stage: str = "") -> dict:
    """{stack: count} of heaptrack_print -F: frames `name (file)`, the file without its folder."""
    own = {path.name for path in (paths.ROOT / stage).iterdir()} if stage else set()
    merged = {}
    for line in text.splitlines():
        names, _, value = line.rpartition(" ")
        if names and value.isdigit():
            key = tuple(_folded_frame(name, own) for name in names.strip("; ").split(";"))
            merged[key] = merged.get(key, 0) + int(value)
    return merged


def _folded_frame(text, own):
    found = re.fullmatch(r"(.*) \(([^()]*)\)", text)
    name, file = (found[1], found[2]) if found else (text, "")
    if file in own:
        return name, Path(file).stem
    return name, APPLICATION if re.match(r"(service|pprof)::", name) else LIBRARY


def folded(new: dict, old: dict | None = None) -> str:
    """Folded stacks; with two profiles both values, as difffolded.pl of FlameGraph writes them."""
    lines = []
    for key in {**(old or {}), **new}:
        values = [side.get(key, Amount()).value for side in ([new] if old is None else [old, new])]
        # A semicolon separates frames, so none may be inside a name.
        names = ";".join(name.replace(";", ":") for name, _ in key)
        lines.append(f"{names} {' '.join(map(str, values))}\n")
    return "".join(sorted(lines))


def without_parameters(name: str) -> str:
    """A C++ name up to its parameters."""
    return re.sub(r"\((?!anonymous|\)).*", "", name) or name


def without_templates(name: str) -> str:
    """The name without template arguments and marks of an ABI."""
    before = None
    while before != name:  # from the inside out
        before, name = name, re.sub(r"(?<!operator)(?<!operator<)<[^<>]*>|\[abi:\w+\]", "", name)
    return name


def label(name: str) -> str:
    """A name for a narrow frame: no parameters, template arguments, return type or namespaces."""
    if name.startswith("["):  # a library without names, or a mark such as [stack cut]
        return name
    text = without_templates(name.replace("(anonymous namespace)::", ""))
    text = re.sub(r"(?<!operator)\(.*", "", text)
    if "operator" not in text:
        text = text.rpartition(" ")[2]
    text = re.sub(r"::(\{lambda[^}]*\})(::operator.*)?$", r" \1", text)
    *spaces, last = text.split("::")
    while spaces and spaces[0] in _NAMESPACES:
        spaces.pop(0)
    return "::".join([*spaces, last]).strip() or name
