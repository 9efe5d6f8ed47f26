"""Writes runs in the Go benchmark format, which benchstat reads. Pure but for write().

Format: https://go.dev/design/14313-benchmark-format: "key: value" lines, then one line for each run and
benchmark: Benchmark + name, iterations, and pairs of value and unit.
"""


def header(machine):
    """Only what is the same on both sides: benchstat would put files that disagree in tables of their own."""
    return [
        "goos: linux",
        f"goarch: {machine['goarch']}",
        "pkg: leftpad",
        f"cpu: {machine['cpu']}",
        "",
    ]


def line(name, sample):
    return (
        f"Benchmark{name} \t{sample.iterations:>9}\t{sample.time_ns:>12.2f} ns/op\t"
        f"{sample.bytes:>8.0f} B/op\t{sample.allocs:>8.0f} allocs/op"
    )


def render(machine, runs):
    """runs: for each process {name: Sample}."""
    lines = header(machine)
    for name in runs[0]:
        lines += [line(name, run[name]) for run in runs]
    return "\n".join(lines) + "\n"


def write(path, machine, runs):
    path.write_text(render(machine, runs), encoding="utf-8")
