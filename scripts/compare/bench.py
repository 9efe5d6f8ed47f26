"""`make bench`: the micro-benchmarks of one stage. One stage says little alone: compare compares
two."""
from pathlib import Path

from base import children, console, stages
from base.commandline import Options, Parser, add_stage
from base.errors import Failure
from base.paths import BUILD
from base.signals import temporary_folder
from compare import context

PASSES_ON = "all"
# only asks, or writes elsewhere: no result here
ASKS = ("--help", "--benchmark_list_tests", "--benchmark_out=")


def add_arguments(parser: Parser) -> None:
    parser.usage = "%(prog)s STAGE [GOOGLE BENCHMARK OPTION…]"
    parser.describe(
        """Runs build/bin/bench-STAGE: time, bytes and allocations per operation. The same data as
        JSON goes to build/bench/STAGE.json. Refuses a debug build, whose times mean nothing.
        For Google Benchmark's options: build/bin/bench-STAGE --help""",
        "make bench STAGE=v1-naive", "scripts/workshop bench v1-naive --benchmark_filter=Leftpad50")
    add_stage(parser)


def run(options: Options) -> None:
    stage, program = options.stage, stages.program("bench", options.stage)
    context.of(program)
    out = BUILD / "bench" / f"{stage}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(prefix="leftpad.") as folder:
        written = Path(folder, f"{stage}.json")  # a run that fails leaves the earlier result
        command = [program, "--benchmark_counters_tabular=true", f"--benchmark_out={written}",
                   "--benchmark_out_format=json", *options.rest]
        console.show(command)
        if status := children.run(command, stdout=None, stderr=None).status:
            raise Failure(f"bench-{stage}", children.how_it_ended(status),
                          "Is the option one of its --help?")
        if any(option.startswith(ASKS) for option in options.rest):
            return
        if not written.exists() or not written.stat().st_size:
            raise Failure(" ".join([f"bench-{stage}", *options.rest]), "no benchmark ran",
                          f"See their names: scripts/workshop bench {stage} --benchmark_list_tests")
        out.write_bytes(written.read_bytes())
    console.result_at(out)
    console.next_command(
        f"make compare OLD=v1-naive NEW={stage if stage != 'v1-naive' else 'v2-optimized'}")
