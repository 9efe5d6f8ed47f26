#!/usr/bin/python3
"""Checks that the stock tools read every profile of the example service.

Each endpoint x {go tool pprof, standalone pprof} x {raw, top, list, peek, tags, svg, each
sample_index, diff_base}; for the go tool the service's binary is moved away first. disasm in
the go tool may find nothing: Go 1.19 does not read C++ binaries, 1.24 does.
Profiles without names (?symbolize=none): standalone pprof finds them in the program, or in the one
that it is given; the go tool has addresses alone. Then npm's pprof-format, which shares no code
with either, reads every profile: each frame of the program has its name, file and line. And
speedscope opens the profiles and the trace in Chromium, where there is one.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).parents[1]))
from example import Service  # noqa: E402

# Endpoint: query for two captures, its sample types, and a function that must be in it. Where
# threads are looked at now and then, it is one that some thread is always in.
ENDPOINTS = {
    "profile": ("seconds=3", ["samples", "cpu"], "count_words"),
    "wall": ("seconds=2", ["samples", "wall"], "main"),
    "heap": ("", ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"],
             "Totals::remember"),
    "allocs": ("", ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"],
               "count_words"),
    "heap-delta": ("seconds=1", ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"],
                   ""),
    "allocs-delta": ("seconds=1", ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"],
                     "count_words"),
    "block": ("", ["contentions", "delay"], "Totals::add"),
    "mutex": ("", ["contentions", "delay"], "Totals::add"),
    "threads": ("", ["threads"], "main"),
    "goroutine": ("", ["threads"], "main"),
}
SOURCE_LINES = {"count_words": "words >> word", "Totals::remember": "latest_.push_back",
                "Totals::add": "lock_guard lock", "main": "server.listen"}
LABELS = {"profile": {"thread", "route"}, "wall": {"thread"}, "threads": {"thread"},
          "goroutine": {"thread"}}
# Also taken without names. addr2line, which pprof asks, gives inlined functions without a scope.
WITHOUT_NAMES = ["profile", "wall", "heap", "allocs", "block", "mutex", "threads"]
# What speedscope must show. Of a call and what was inlined into it, it shows the outermost function
# alone: Totals::add, for instance, never.
SPEEDSCOPE = {"profile": "count_words", "wall": "main", "allocs": "count_words",
              "heap": "", "block": "", "mutex": "", "threads": "main"}


class Matrix:
    """Runs the cells and remembers what failed."""

    def __init__(self, folder):
        self.folder = folder
        self.cells = 0
        self.failures = []
        self.environment = dict(os.environ, PPROF_TMPDIR=str(folder), HOME=str(folder))

    def run(self, tool, arguments):
        done = subprocess.run([*tool, *map(str, arguments)], env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
                              check=False)
        return done.returncode, done.stdout

    def check(self, name, condition, output):
        self.cells += 1
        if not condition:
            self.failures.append(name)
            print(f"FAILED {name}\n{output[:1500]}\n", flush=True)

    def cell(self, name, tool, arguments, *patterns):
        status, output = self.run(tool, arguments)
        found = all(re.search(pattern, output) for pattern in patterns)
        self.check(name, status == 0 and found, f"wanted {patterns}, status {status}:\n{output}")


def check_tool(matrix, label, tool, captured):
    """One tool's rows, two at a time."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        rows = [pool.submit(check_row, matrix, label, tool, endpoint, *captured[endpoint])
                for endpoint in captured]
    for row in rows:
        row.result()


def check_row(matrix, label, tool, endpoint, url, first, second):
    """Every report on one endpoint's profile."""
    _, types, function = ENDPOINTS[endpoint]
    escaped = re.escape(function) if function else "."
    cell = lambda report, arguments, *patterns: matrix.cell(
        f"{label} {endpoint} {report}", tool, arguments, *patterns)
    cell("raw", ["-raw", second], r"Samples:", r"Mappings", *[f"{t}/" for t in types])
    cell("top by URL", ["-top", url], r"flat%", r"Showing nodes")
    cell("top", ["-top", "-nodecount=500", "-nodefraction=0", second], r"flat%", escaped)
    if function:
        cell("list", [f"-list={function}$", second], r"ROUTINE =+ .*" + escaped,
             re.escape(SOURCE_LINES[function]))
    cell("peek", [f"-peek={function or '.'}", second], r"flat%", escaped)
    cell("tags", ["-tags", second], *[rf"\b{label}: Total" for label in LABELS.get(endpoint, ())])
    svg = matrix.folder / f"{label}.{endpoint}.svg"
    cell("svg", ["-svg", f"-output={svg}", "-nodefraction=0", second], r"Generating report")
    matrix.check(f"{label} {endpoint} svg has the function",
                 svg.exists() and "</svg>" in svg.read_text(), "no svg")
    for sample_type in types:
        cell(f"sample_index={sample_type}", ["-top", f"-sample_index={sample_type}", second],
             f"Type: {sample_type}", r"flat%")
    cell("diff_base", ["-top", f"-diff_base={first}", second], r"Showing nodes")


def check_disassembly(matrix, go_tool, standalone, binary, profile):
    # -show: this pprof takes the first node of the graph to find where the binary was loaded, and
    # finds nothing if that node lies in a library.
    reports = ["-show=count_words", "-disasm=count_words"]
    status, output = matrix.run(go_tool, [*reports, binary, profile])
    matrix.check("go tool disasm works or says why not",
                 ("ROUTINE" if status == 0 else "no matches found") in output, output)
    matrix.cell("standalone disasm", standalone,
                [*reports, binary, profile], r"ROUTINE =+", r"\b(call|mov)[a-z]*\b")


def check_without_names(matrix, go_tool, standalone, service, captured):
    """Profiles with addresses alone, while the program is where its mapping says."""
    for endpoint in WITHOUT_NAMES:
        query, types, function = ENDPOINTS[endpoint]
        file = service.fetch(f"{endpoint}?{query}&symbolize=none",
                             matrix.folder / f"{endpoint}.addresses.pb.gz")
        name = function.rpartition("::")[2]
        top = ["-top", "-nodecount=500", "-nodefraction=0", file]
        matrix.cell(f"standalone {endpoint} finds names", standalone, top, rf"\b{name}\b")
        matrix.cell(f"go tool {endpoint} without names", go_tool, ["-symbolize=none", "-raw", file],
                    *[f"{t}/" for t in types], r"/pprof_example [0-9a-f]{40} \n")
        smaller = captured[endpoint][2].stat().st_size / file.stat().st_size
        matrix.check(f"{endpoint} without names is smaller", smaller > 1.5, f"{smaller}")
        print(f"{endpoint} without names: 1/{smaller:.1f} of the size")
    # Once: it looks for names where it knows none, which takes seconds.
    status, output = matrix.run(go_tool, ["-top", matrix.folder / "profile.addresses.pb.gz"])
    matrix.check("go tool has addresses alone", status == 0 and "[pprof_example]" in output
                 and "count_words" not in output, output)


def linked_stubs(binary):
    """[[from, to]]: where in its file a program has calls into libraries, made by the linker."""
    sections = subprocess.run(["readelf", "--section-headers", "--wide", binary], check=True,
                              capture_output=True, text=True).stdout
    found = re.findall(r"\s\.plt\S*\s+PROGBITS\s+\w+ (\w+) (\w+)", sections)
    return [[int(start, 16), int(start, 16) + int(size, 16)] for start, size in found]


def read_independently(matrix, node, modules, binary, profiles):
    reader = pathlib.Path(__file__).with_name("pprof_reader.cjs")
    status, output = matrix.run([node, reader], [
        modules, json.dumps(linked_stubs(binary)), *profiles.values()])
    matrix.check("pprof-format reads every profile", status == 0, output)
    if status != 0:
        return {}
    names = {}
    for endpoint, found in zip(profiles, json.loads(output)):
        _, types, function = ENDPOINTS[endpoint]
        name = f"pprof-format {endpoint}"
        matrix.check(f"{name} rules", not found["problems"], str(found["problems"][:5]))
        matrix.check(f"{name} types", [t.split("/")[0] for t in found["types"]] == types,
                     str(found["types"]))
        matrix.check(f"{name} has {function}", not function or function in found["functions"],
                     str(found["functions"]))
        matrix.check(f"{name} labels", LABELS.get(endpoint, set()) <= set(found["labels"]),
                     str(found["labels"]))
        print(f"{name}: {found['samples']} samples")
        names[endpoint] = set(found["functions"])
    return names


def open_in_speedscope(matrix, options, captured, names):
    if options.chromium is None:
        print("speedscope: skipped, there is no chromium")
        return
    files = {endpoint: captured[endpoint][2] for endpoint in SPEEDSCOPE}
    files["trace"] = matrix.folder / "trace.json"
    reader = pathlib.Path(__file__).with_name("speedscope_reader.cjs")
    status, output = matrix.run([options.node, reader],
                                [options.modules, options.chromium, *files.values()])
    matrix.check("speedscope starts", status == 0, output)
    if status != 0:
        return
    for endpoint, found in zip(files, json.loads(output)):
        name = f"speedscope {endpoint}"
        shown = set(found["functions"])
        print(f"{name}: {len(shown)} functions")
        matrix.check(f"{name} opens", shown and not found["problems"], str(found["problems"]))
        if endpoint == "trace":
            matrix.check(name, any(text.startswith("count_words") for text in shown), str(shown))
            continue
        matrix.check(f"{name} names", shown <= names[endpoint], str(shown - names[endpoint]))
        wanted = SPEEDSCOPE[endpoint]
        matrix.check(f"{name} has {wanted}", not wanted or wanted in shown, str(shown))


def check_trace(matrix, service):
    trace = json.loads(service.fetch("trace?seconds=1", matrix.folder / "trace.json").read_text())
    names = {event.get("name") for event in trace["traceEvents"]}
    matrix.check("trace has the service's spans", "count_words" in names, str(names))
    keys = {"ph", "pid", "tid", "name"}
    matrix.check("trace events have the format's keys",
                 all(keys <= event.keys() for event in trace["traceEvents"]), "")


def capture(service, folder):
    """Two profiles of each endpoint: {endpoint: (url, first, second)}."""
    captured = {}
    for endpoint, (query, _, _) in ENDPOINTS.items():
        path = endpoint.removesuffix("-delta") + (f"?{query}" if query else "")
        files = [service.fetch(path, folder / f"{endpoint}.{i}.pb.gz") for i in (1, 2)]
        short = path.replace("seconds=3", "seconds=1").replace("seconds=2", "seconds=1")
        captured[endpoint] = (service.url(short), *files)
    return captured


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--example", required=True, help="the example service's binary")
    parser.add_argument("--standalone", required=True, help="standalone pprof")
    parser.add_argument("--modules", required=True,
                        help="node_modules with pprof-format, speedscope and playwright-core")
    parser.add_argument("--chromium", help="the browser in which speedscope is opened")
    parser.add_argument("--go", default="go")
    parser.add_argument("--node", default="node")
    options = parser.parse_args()
    go_tool, standalone = [options.go, "tool", "pprof"], [options.standalone]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        matrix = Matrix(folder)
        service = Service(options.example, folder)
        away = folder / "moved-away"
        try:
            captured = capture(service, folder)
            check_disassembly(matrix, go_tool, standalone, service.binary, captured["profile"][2])
            check_tool(matrix, "standalone", standalone, captured)
            check_without_names(matrix, go_tool, standalone, service, captured)
            service.binary.rename(away)
            matrix.cell("standalone is given the program", standalone,
                        ["-top", away, folder / "profile.addresses.pb.gz"], "count_words")
            check_tool(matrix, "go tool", go_tool, captured)
            gone = service.fetch("profile?seconds=1", folder / "gone.pb.gz")
            matrix.cell("captured with the binary gone", go_tool, ["-top", gone], "count_words")
            check_trace(matrix, service)
        finally:
            service.stop()
        names = read_independently(matrix, options.node, options.modules, options.example,
                                   {endpoint: files[2] for endpoint, files in captured.items()})
        open_in_speedscope(matrix, options, captured, names)
        print(f"{matrix.cells} checks, {len(matrix.failures)} failed, "
              f"{service.requests} requests served meanwhile")
        return 1 if matrix.failures else 0


if __name__ == "__main__":
    sys.exit(main())
