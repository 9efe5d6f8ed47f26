"""Writes what was measured for other tools: the Go benchmark format for benchstat, Google
Benchmark's JSON for compare.py.

Formats: https://go.dev/design/14313-benchmark-format ("key: value" lines, then a line for each run:
Benchmark + name, iterations, pairs of value and unit); the JSON of Google Benchmark's
docs/user_guide.md, "Output Formats". Pure functions.
"""
import json

EXACT = ("B/op", "allocs/op")


def go_text(machine: dict, build: dict, rows: list, side: str, iterations: dict) -> str:
    """A side's file for benchstat. rows: estimate.Row of time, bytes and allocs; benchstat pairs
    files by `-col stage -ignore commit`."""
    lines = [
        "goos: linux", f"goarch: {machine['goarch']}", "pkg: leftpad", f"cpu: {machine['cpu']}",
        f"stage: {build['stage']}", f"commit: {build['commit']}", ""
    ]
    shown = {}
    for row in rows:
        if row.unit in ("ns/op", *EXACT) and row.metric != "wall":
            shown.setdefault(row.name, []).append((getattr(row, side), row.unit))
    exact = (unit for unit in EXACT if all(
        len(set(values)) == 1 for columns in shown.values() for values, of in columns
        if of == unit))
    lines[-1:] = [f"Unit {unit} assume=exact" for unit in exact] + [""]
    for name, columns in shown.items():
        for run in range(len(columns[0][0])):
            figures = "\t".join(f"{values[run]:.6g} {unit}" for values, unit in columns)
            lines.append(f"Benchmark{go_name(name)}\t{iterations[name]}\t{figures}")
    return "\n".join(lines) + "\n"


def go_name(name: str) -> str:
    """A name without blanks, as Go's testing package writes it, and with the capital that benchstat
    wants."""
    return "_".join(name.split())[:1].upper() + "_".join(name.split())[1:]


def google_json(context: dict, rows: list, side: str, iterations: dict) -> str:
    """A side's file for compare.py: each process is a repetition."""
    times = {(row.name, row.metric): getattr(row, side) for row in rows}
    entries = []
    for name in iterations:
        runs = len(times[name, "time"])
        for run in range(runs):
            entries.append({
                "name": name, "run_name": name, "run_type": "iteration", "repetitions": runs,
                "repetition_index": run, "threads": 1, "iterations": iterations[name],
                "real_time": times[name, "wall"][run], "cpu_time": times[name, "time"][run],
                "time_unit": "ns", "B/op": times[name, "bytes"][run],
                "allocs/op": times[name, "allocs"][run]
            })
    return json.dumps({"context": context, "benchmarks": entries}, indent=1) + "\n"
