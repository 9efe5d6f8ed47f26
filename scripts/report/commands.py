"""The commands that made each section, as a learner would type them. Pure functions."""
import shlex

from report import callgraph


def of(data):
    """{section: [command]}. The profiles' pprof commands are those that callgraph.py and inputs.py run."""
    load = (data.comparison or {}).get("load", "") or "ab -k -c 8 -n 50000"
    ab = load.split(",")[0]
    compare = f"make compare OLD={data.old} NEW={data.new}"

    def capture(kind):
        return [f"make profile-{kind} STAGE={stage}" for stage in data.stages().values()]

    def file(stage, kind):
        return f"build/profiles/{stage}/{kind}.pb.gz"

    def pprof(options, kind):
        return [
            f"build/tools/pprof {options} {file(stage, kind)}" for stage in data.stages().values()
        ]

    return {
        "compare": [compare], "service": [
            compare,
            f"build/bin/leftpad-{data.old} --port 8080 --debug-addr 127.0.0.1:6060 --log-file /tmp/requests.log",
            f"{ab} -e percentiles.csv 'http://127.0.0.1:8080/v1/leftpad/?str=test&len=50&chr=*'"
        ], "benchmarks": [
            compare, f"build/bin/bench-{data.old}",
            "benchstat build/compare/old.txt build/compare/new.txt"
        ], "cpu": [
            *capture("cpu"), *pprof("-top", "cpu"), *pprof(shlex.join(callgraph.OPTIONS), "cpu"),
            *pprof("-list=service::leftpad", "cpu"),
            f"build/tools/pprof -top -diff_base={file(data.old, 'cpu')} {file(data.new, 'cpu')}"
        ], "allocations": [
            *capture("allocs"), *pprof("-sample_index=alloc_objects -top", "allocs"),
            *capture("heap")
        ], "locks": [*capture("mutex"), *pprof("-top", "mutex")],
        "threads": [*capture("threads"), *pprof("-traces", "threads")], **{
            f"capture_{kind}": capture(kind) for kind in ("cpu", "allocs", "heap", "mutex", "threads")
        },
    }
