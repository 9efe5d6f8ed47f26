"""`make load`: loads a stage's service with ab, as the article does, or at a fixed rate, and prints
the gist."""
import contextlib
import json
import re
from pathlib import Path

from base import ab, console, open_loop, stages, tools
from base.commandline import Number, Options, Parser, add_load, add_stage, check_load
from base.errors import UsageError
from base.paths import BUILD, EXAMPLE_TARGET
from base.service import Service
from base.signals import temporary_folder

PASSES_ON = "after --"
RATE_SECONDS = 10


def add_arguments(parser: Parser) -> None:
    parser.usage = ("%(prog)s STAGE [--url URL] [-n REQUESTS | --rate N] [-c CLIENTS]"
                    " [-- SERVICE OPTION…]")
    parser.describe(
        """Sends requests with keep-alive from several clients at once. Starts the service on free
        ports for the duration, or loads the one at URL (http://HOST:PORT). ab's own report and its
        latency percentiles go to build/load/STAGE/. Fails if any request fails. ab is a closed
        loop: a client that waits sends nothing. With --rate, requests leave at a fixed rate and are
        timed from the moment at which they were due.""",
        "make load STAGE=v1-naive", "scripts/workshop load v1-naive -n 20000 -c 16")
    add_stage(parser)
    parser.add_argument("--url", default="",
                        help="a running service, for example http://127.0.0.1:8080")
    how_many = parser.add_mutually_exclusive_group()
    how_many.add_argument("--rate", metavar="N", action=Number,
                          help=f"requests per second, for {RATE_SECONDS} s, in place of ab")
    add_load(parser, 50000, how_many)


def run(options: Options) -> None:
    url = options.url.rstrip("/")
    if url and not re.fullmatch(r"http://[^/]+:\d+", url):
        raise UsageError(
            f"--url {url}", "the value must look like http://127.0.0.1:8080", options.prog)
    if url and options.rest:
        raise UsageError(" ".join(
            options.rest), "options of the service are for one that this command starts, "
            "not for --url", options.prog)
    if not options.rate:
        check_load(options)
        tools.need("ab", "apache2-utils")
    stages.need(options.stage)
    out = BUILD / "load" / options.stage
    with contextlib.ExitStack() as stack:
        service = None
        if not url:
            service = Service(stages.program("leftpad", options.stage), *options.rest)
            console.show(service.command)
            url = stack.enter_context(service).url
        out.mkdir(parents=True, exist_ok=True)
        result = _at_a_rate(options, url, out) if options.rate else _load(options, url, out)
        if service:
            service.must_stop()
    console.result_at(result)
    console.next_command(f"make profile-cpu STAGE={options.stage}")


def _show(figures, rate, names):
    print(f"  {'requests':<12}{figures['requests']:>12,}   none failed")
    print(f"  {'requests/s':<12}{rate:>12,.0f}")
    for name in names:
        print(f"  {name:<12}{figures[name + '_ms']:>12.3f} ms", flush=True)


def _at_a_rate(options, url, out):
    """Shows the latencies of an open loop; the file of its figures."""
    command = open_loop.command(url, options.rate, RATE_SECONDS, options.clients)
    console.step(f"Loading {options.stage}: {options.rate} requests a second for {RATE_SECONDS} s")
    console.show(command)
    figures = open_loop.run(command)
    _show(figures, figures["rate_per_second"], ("p50", "p99", "p99.9", "max"))
    result = out / "open-loop.json"
    result.write_text(json.dumps(figures) + "\n", encoding="utf-8")
    return result


def _load(options, url, out):
    """Shows the figures of ab; the file of its report. An ab that fails leaves the earlier one."""
    command = ab.command(url + EXAMPLE_TARGET, options.clients, requests=options.requests,
                         percentiles=out / "percentiles.csv")
    console.step(
        f"Loading {options.stage}: {options.requests} requests, {options.clients} at a time")
    console.show(command)
    with temporary_folder(prefix="leftpad.") as folder:
        text = ab.load(command, Path(folder, "ab.txt"),
                       f"Is the service running? Start it: make run STAGE={options.stage}")
    (out / "ab.txt").write_text(text, encoding="utf-8")
    figures = ab.parse(text, (out / "percentiles.csv").read_text(encoding="utf-8"))
    _show(figures, figures["requests_per_second"], ("mean", "p50", "p99"))
    return out / "ab.txt"
