"""Every comparison is kept: a line in history.jsonl beside the results. `scripts/workshop history`
lists a row over time."""
import collections
import json
import os
from pathlib import Path

from base import console, paths
from base.commandline import Options, Parser
from base.errors import Failure
from compare import tables

FILE = "history.jsonl"
KEPT = ("metric", "name", "unit", "old", "new", "delta", "low", "high", "differs")


def keep(folder: Path, document: dict) -> None:
    """Appends a comparison, without its runs. Raises OSError."""
    line = {key: document[key] for key in ("schema", "date", "old", "new")}
    line["rows"] = [{key: row[key]
                     for key in KEPT}
                    for part in ("benchmarks", "service")
                    for row in document[part]]
    with (folder / FILE).open("ab+") as file:
        start = max(file.seek(0, os.SEEK_END) - 1, 0)
        file.seek(start)
        was_cut_off = file.read() not in (b"", b"\n")
        file.write(b"\n" * was_cut_off + json.dumps(line).encode() + b"\n")


def add_arguments(parser: Parser) -> None:
    parser.describe("Lists earlier comparisons: the change of one row over time, oldest first.",
                    "scripts/workshop history Leftpad50")
    parser.add_argument("row", nargs="?", default="requests_per_second", metavar="ROW",
                        help="a benchmark, or a metric of the service (default %(default)s)")
    parser.add_argument(
        "--metric", default="time",
        help="of a benchmark: time, bytes, allocs, instructions (default %(default)s)")
    parser.add_argument("--out", type=Path, default=paths.BUILD / "compare",
                        help="where the comparisons are (default build/compare)")


def run(options: Options) -> int:
    """Prints the list. Raises Failure if there is none, or no such row or metric."""
    file = options.out / FILE
    if not file.exists():
        raise Failure(paths.relative(file), "no comparison has been kept", "Run: make compare")
    lines = list(_read(file))
    wanted = (("service", options.row), (options.row, options.metric))
    cells = [["date", "old", "new", "delta", ""]]
    known = collections.defaultdict(set)  # {row: its metrics}
    for line in lines:
        for row in line["rows"]:
            known[row["metric"] if row["name"] == "service" else row["name"]].add(row["metric"])
            if (row["name"], row["metric"]) in wanted:
                cells.append([line["date"], _side(line["old"], row["old"], row["unit"]),
                              _side(line["new"], row["new"], row["unit"]), tables.change(row), ""])
    if len(cells) == 1 and options.row in known:
        raise Failure(f"--metric {options.metric}", f"no comparison has it of {options.row}; there "
                      f"are: {', '.join(sorted(known[options.row]))}", "Choose one of them")
    if len(cells) == 1:
        raise Failure(options.row,
                      f"no comparison has that row; there are: {', '.join(sorted(known))}",
                      "Choose one of them")
    print("\n".join(tables.as_text(cells)))
    return 0


def _read(file):
    """The comparisons of a history, without what was cut off, such as by a full disk."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            yield json.loads(line)
        except ValueError:
            console.warn(f"{paths.relative(file)}:{number}: unreadable, left out")


def _side(about, value, unit):
    return f"{about['stage']}@{about['commit']} {tables.figure(value, unit)}"
