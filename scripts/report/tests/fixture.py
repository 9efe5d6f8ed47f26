"""A generated data set for tests: NOT measured. Two stages whose profiles and runs have the
article's shape."""
import json
import math
import random

from compare import estimate, result
from report.tests.profile_writer import profile

NOTICE = "generated test data, not measured"
OLD, NEW = "v1-naive", "v2-optimized"
PAIRS = 20
_THREAD = (("start_thread", "/src/nptl.c", 1),
           ("service::BufferedServer::serve_requests",
            "/fixture/common/app/server/buffered_server.cpp", 40))


def _handler(stage, *frames):
    top = (("timed_handler::{lambda}::operator", f"/fixture/{stage}/handlers.cpp", 12),)
    return _THREAD + top + tuple(
        (name, f"/fixture/{stage}/{file}" if "/" not in file else file, line)
        for name, file, line in frames)


def _stacks(stage):
    return {
        "leftpad": _handler(stage, ("service::leftpad", "leftpad.cpp", 9),
                            ("std::operator+", "/usr/include/c++/12/bits/basic_string.h", 3)),
        "statsd": _handler(stage, ("service::StatsD::send", "statsd.cpp", 30),
                           ("std::ostream::_M_insert", "/usr/include/c++/12/ostream", 5)),
        "logger": _handler(stage, ("service::Logger::write_line", "logger.cpp", 46),
                           ("__write", "/src/write.c", 1)),
        "handlers": _handler(
            stage, ("service::encode_answer", "/fixture/common/stage/leftpad_api.cpp", 70)),
        "server": (*_THREAD, ("sendmsg", "/src/sendmsg.c", 1)),
    }


# Shares by component: (cpu in 10 ms, allocated objects, waiting in us)
_COSTS = {
    OLD: {
        "leftpad": (5, 35000, 0), "statsd": (70, 40000, 0), "logger": (90, 25000, 30000),
        "handlers": (10, 4000, 0), "server": (200, 25000, 0)
    }, NEW: {
        "leftpad": (1, 1000, 0), "statsd": (4, 0, 0), "logger": (6, 0, 300),
        "handlers": (8, 1000, 0), "server": (280, 24000, 40)
    },
}


def _profiles(stage):
    stacks, costs = _stacks(stage), _COSTS[stage]
    return {
        "cpu": profile((("samples", "count"), ("cpu", "nanoseconds")),
                       [((n, n * 10_000_000), stacks[name]) for name, (n, _, _) in costs.items()]),
        "allocs": profile((("alloc_objects", "count"), ("alloc_space", "bytes")),
                          [((n, n * 40), stacks[name]) for name, (_, n, _) in costs.items() if n]),
        "mutex": profile(
            (("contentions", "count"), ("delay", "nanoseconds")),
            [((n // 10, n * 1000), stacks[name]) for name, (_, _, n) in costs.items() if n]),
        "heap": profile((("inuse_objects", "count"), ("inuse_space", "bytes")),
                        [((1, 4096), stacks["server"])]), "threads": profile(
                            (("threads", "count"), ), [((8, ), stacks["server"]),
                                                       ((1, ), stacks["logger"])]),
    }


def write_profiles(folder):
    for stage in (OLD, NEW):
        place = folder / "profiles" / stage
        place.mkdir(parents=True, exist_ok=True)
        for kind, content in _profiles(stage).items():
            (place / f"{kind}.pb.gz").write_bytes(content)
            (place / f"{kind}.about.json").write_text(
                json.dumps({"stage": stage, "kind": kind, "seconds": 5, "requests": 1000}))


def _runs(generator, middle, spread=0.06):
    return [middle * math.exp(generator.gauss(0, spread)) for _ in range(PAIRS)]


def comparison():
    """compare.json of generated runs, as the comparison itself would judge and write it."""
    generator = random.Random(7)
    cases = {
        "TimedHandler": (8000, 1200, 28, 0), "LeftpadHandler": (9600, 3600, 53, 2),
        "Leftpad10": (250, 90, 0, 0), "Leftpad50": (3400, 180, 35, 1), "StatsD": (2300, 350, 10, 0)
    }

    def measured(name, metric, unit, old, new, spread=0.06):
        runs = _runs(generator, old, spread), _runs(generator, new, spread)
        ratios = tuple(math.log(after / before) for before, after in zip(*runs))
        return estimate.Row(name, metric, unit, *map(tuple, runs), ratios)

    benchmarks = [
        measured(name, "time", "ns/op", old, new) for name, (old, new, _, _) in cases.items()
    ]
    for metric, unit, size in (("bytes", "B/op", 40.0), ("allocs", "allocs/op", 1.0)):
        benchmarks += [
            estimate.Row(name, metric, unit, (old * size, ) * PAIRS, (new * size, ) * PAIRS,
                         kind="counted") for name, (_, _, old, new) in cases.items()
        ]
    service = [measured("service", metric, unit, old, new) for metric, unit, old, new in (
        ("requests_per_second", "req/s", 15000, 25000), ("cpu_us", "µs/req", 25, 14),
        ("p50_ms", "ms", 0.5, 0.3), ("p99_ms", "ms", 4.2, 2.6))]
    service.append(measured("service", "p999_ms", "ms", 30, 28, spread=2))  # tells nothing
    build = {"build_type": "Release", "compiler": "none", "flags": "-O2", "commit": "0000000"}
    about = {
        "machine": {
            "cpu": "generated", "cpus": 2, "memory_bytes": 8 << 30, "kernel": "0", "os": "none",
            "load_average": [0.0, 0.0, 0.0]
        }, "old": {"stage": OLD, **build}, "new": {"stage": NEW, **build}}
    judged = estimate.judge(benchmarks + service)
    return result.document(
        about, {"benchmarks": judged[:len(benchmarks)], "service": judged[len(benchmarks):]})


def write_comparison(folder):
    place = folder / "compare"
    place.mkdir(parents=True, exist_ok=True)
    (place / "compare.json").write_text(json.dumps(comparison()))
    (place / "latencies.json").write_text(json.dumps({
        side: [middle * (0.5 + (n / 1000) ** 6 * 8 + n / 1000) for n in range(1000)]
        for side, middle in (("old", 0.5), ("new", 0.3))}))


def write(folder):
    write_profiles(folder)
    write_comparison(folder)
