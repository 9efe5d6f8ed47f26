"""Stacks as the tree of a flame graph, and what leads in it, in words. Pure."""
from dataclasses import dataclass, field, replace

from flame import numbers, samples
from flame.samples import Amount
from flame.stacks import APPLICATION, LIBRARY, label, without_scaffolding

SERVER = "server"  # what no function of the stage has called
LABELS = {"leftpad": "leftpad", "statsd": "StatsD", "logger": "logger",
          "handlers": "handlers: parsing, JSON", SERVER: "HTTP server and kernel"}
LEADERS = 15


@dataclass
class Node:
    """A function as called by its parent. old is None unless two profiles are compared."""

    name: str
    kind: str
    new: Amount
    old: Amount | None = None
    children: dict = field(default_factory=dict)

    def child(self, name: str, kind: str) -> "Node":
        # A function is the same whatever stage it is of: then two stages line up.
        """The function as called by this one; new if need be."""
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
        """The larger value of old and new, per request."""
        return max(self.new.each, self.old.each if self.old else 0)


def build(new: dict, old: dict | None = None, requests: tuple = ()) -> Node:
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


def plain(node: Node, least: float = 0.0) -> dict:
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


def functions(root: Node) -> dict:
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


def leaders(root: Node, count: int = LEADERS) -> list:
    """[(name, own share, share with callees)] of the functions that lead by themselves."""
    found, whole = functions(root), root.new.value or 1
    ranked = sorted(found, key=lambda name: (-found[name].itself, name))[:count]
    return [(name, found[name].itself / whole, found[name].new.value / whole) for name in ranked]


def _of_stage(root):
    return {label(name): each for name, each in functions(root).items()
            if each.kind not in (APPLICATION, LIBRARY)}


def finding(root: Node, names: tuple = (), unit: str = "") -> str:
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
