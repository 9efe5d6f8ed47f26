"""Stacks as the tree of a flame graph, and as folded text (one line a stack: `a;b;c 42`). Pure.

A stack is a tuple of (name, kind) from the root to the leaf. The kind is the file of a stage that
the function is in, such as logger; APPLICATION for the rest of the workshop's code; LIBRARY for
everything else.
"""
import itertools
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from base import frames, paths
from flame import numbers, samples
from flame.samples import Amount

APPLICATION, LIBRARY = "/", ""
SERVER = "server"  # what no function of the stage has called
LABELS = {"leftpad": "leftpad", "statsd": "StatsD", "logger": "logger",
          "handlers": "handlers: parsing, JSON", SERVER: "HTTP server and kernel"}
LEADERS = 15
# What stands between two functions of interest, or above the first, and says nothing.
_SCAFFOLDING = re.compile(
    r"(?:[^(]* )?std::(?:__invoke|_Function_handler|_Bind|thread::_"
    r"|function(?:<.*>)?::operator\(\))"
    r"|(?:__)?clone3?$|start_thread$|execute_native_thread_routine$"
    r"|_start$|__libc_start_(?:call_)?main")
_NAMESPACES = set("service pprof httplib detail std __cxx11 __gnu_cxx __cxxabiv1 __detail".split())


def kind_of(file) -> str:
    """The kind of a function, by its source file."""
    kinds = {"s": frames.component(file) or "other", "a": APPLICATION, "l": LIBRARY}
    return kinds[frames.kind_of(file)]


def without_scaffolding(stack, name=lambda frame: frame[0]) -> tuple:
    """The stack without thread start-up and std::function; a function that calls itself is there
    once."""
    kept = [frame for frame in stack if not _SCAFFOLDING.match(name(frame))] or stack
    return tuple(next(same) for _, same in itertools.groupby(kept, name))


def stacks(profile, index) -> dict:
    """{stack: Amount} of the entries whose value is not 0."""
    merged, amount = {}, samples.reader(profile, index)
    for values, stack in profile.samples:
        if values[index]:
            key = tuple((frame.name, kind_of(frame.file)) for frame in stack)
            merged[key] = merged.get(key, Amount()) + amount(values)
    return merged


def parse_folded(text, stage="") -> dict:
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


def folded(new, old=None) -> str:
    """Folded stacks; with two profiles both values, as difffolded.pl of FlameGraph writes them."""
    lines = []
    for key in {**(old or {}), **new}:
        values = [side.get(key, Amount()).value for side in ([new] if old is None else [old, new])]
        # A semicolon separates frames, so none may be inside a name.
        names = ";".join(name.replace(";", ":") for name, _ in key)
        lines.append(f"{names} {' '.join(map(str, values))}\n")
    return "".join(sorted(lines))


def without_parameters(name) -> str:
    return re.sub(r"\((?!anonymous|\)).*", "", name) or name


def label(name) -> str:
    """A name for a narrow frame: no parameters, template arguments, return type or namespaces."""
    if name.startswith("["):  # a library without names, or a mark such as [stack cut]
        return name
    before, text = None, name.replace("(anonymous namespace)::", "")
    while before != text:  # template arguments, from the inside out
        before, text = text, re.sub(r"(?<!operator)(?<!operator<)<[^<>]*>|\[abi:\w+\]", "", text)
    text = re.sub(r"(?<!operator)\(.*", "", text)
    if "operator" not in text:
        text = text.rpartition(" ")[2]
    text = re.sub(r"::(\{lambda[^}]*\})(::operator.*)?$", r" \1", text)
    *spaces, last = text.split("::")
    while spaces and spaces[0] in _NAMESPACES:
        spaces.pop(0)
    return "::".join([*spaces, last]).strip() or name


@dataclass
class Node:
    """A function as called by its parent. old is None unless two profiles are compared."""

    name: str
    kind: str
    new: Amount
    old: Amount | None = None
    children: dict = field(default_factory=dict)

    def child(self, name, kind):
        # A function is the same whatever stage it is of: then two stages line up.
        if name not in self.children:
            sides = (side and replace(side, value=0, samples=0) for side in (self.new, self.old))
            self.children[name] = Node(name, kind, *sides)
        return self.children[name]

    @property
    def change(self) -> str:
        """What the samples say of new against old: −83 % [−93, −63], new, or ~."""
        return samples.change(self.old, self.new)

    @property
    def most(self) -> float:
        return max(self.new.each, self.old.each if self.old else 0)


def build(new, old=None, requests=()) -> Node:
    """The root of {stack: Amount}. Amounts without samples are of profiles that count everything.

    With requests (old's and new's, or just new's) values are divided by them.
    """
    divisors = list(requests) or [1]
    root = Node("all", LIBRARY, Amount(requests=divisors[-1]),
                None if old is None else Amount(requests=divisors[0]))
    for side, amounts in (("new", new), ("old", old or {})):
        for stack, amount in amounts.items():
            node = root
            setattr(node, side, getattr(node, side) + amount)
            for name, kind in without_scaffolding(stack):
                node = node.child(name, kind)
                setattr(node, side, getattr(node, side) + amount)
    return root


def plain(node, least=0.0) -> dict:
    """The tree for the widget: {n: name, s: label, k: kind, v: value, c: children}; in a comparison
    also o: the old value, and d: the change.

    Children smaller than `least` are left out; so is a label that is the name, and a change of ~.
    """
    text = {"n": node.name, "k": node.kind, "v": float(f"{node.new.each:.6g}")}
    if (short := label(node.name)) != node.name:
        text["s"] = short
    if node.old is not None:
        text["o"] = float(f"{node.old.each:.6g}")
        if (change := node.change) != "~":
            text["d"] = change
    children = sorted(node.children.values(), key=lambda child: (-child.most, child.name))
    text["c"] = [plain(child, least) for child in children if child.most >= least]
    return text


@dataclass
class Function:
    """A function wherever it is called: its value by itself, and with what it calls, where a
    recursion counts once."""

    kind: str
    itself: float
    new: Amount
    old: Amount | None

    @property
    def shift(self) -> float:
        """How much it changes in a comparison, in either direction."""
        return abs(self.new.each - self.old.each)


def functions(root) -> dict:
    """{name: Function} of a tree."""
    found = {}

    def visit(node, above):
        own = node.new.value - sum(child.new.value for child in node.children.values())
        if node.name not in found:
            found[node.name] = Function(node.kind, own, node.new, node.old)
        else:
            function = found[node.name]
            function.itself += own
            if node.name not in above:
                function.new += node.new
                function.old = function.old and function.old + node.old
        for child in node.children.values():
            visit(child, above | {node.name})

    for child in root.children.values():
        visit(child, frozenset())
    return found


def leaders(root, count=LEADERS) -> list:
    """[(name, own share, share with callees)] of the functions that lead by themselves."""
    found, whole = functions(root), root.new.value or 1
    ranked = sorted(found, key=lambda name: (-found[name].itself, name))[:count]
    return [(name, found[name].itself / whole, found[name].new.value / whole) for name in ranked]


def _of_stage(root):
    return {label(name): each for name, each in functions(root).items()
            if each.kind not in (APPLICATION, LIBRARY)}


def finding(root, names=(), unit="") -> str:
    """The picture in words, for those who cannot see it and to check what one sees."""
    if root.old is not None:
        return _compared(root, names, unit)
    if not root.new.value:
        return "The profile has no samples."
    name, own, _ = leaders(root, 1)[0]
    stage, whole = _of_stage(root), root.new.value
    ranked = sorted(stage, key=lambda each: (-stage[each].new.value, each))[:3]
    shares = [f"{each} {numbers.share(stage[each].new.value, whole)}" for each in ranked]
    most = f" With callees, of the stage’s functions: {', '.join(shares)}." if shares else ""
    counted = f"{numbers.plain(round(root.new.samples))} samples. " if root.new.samples else ""
    return f"{counted}Largest by itself: {label(name)}, {numbers.share(own, 1)}.{most}"


def _compared(root, names, unit):
    def words(each):
        old, new = (numbers.amount(side.each, unit) for side in (each.old, each.new))
        return f"{old} to {new} ({samples.change(each.old, each.new)})"

    counts = " and ".join(numbers.plain(round(side.samples)) for side in (root.old, root.new))
    text = (f"From {names[0]} to {names[1]}{' per request' if root.new.requests != 1 else ''}: "
            f"{words(root)}, of {counts} samples.")
    stage = {name: each for name, each in _of_stage(root).items()
             if samples.change(each.old, each.new) != "~"}
    ranked = sorted(stage, key=lambda name: (-stage[name].shift, name))[:3]
    changed = ", ".join(f"{name} {words(stage[name])}" for name in ranked)
    most = f" With callees, most change of the stage’s functions: {changed}." if changed else ""
    return text + most
