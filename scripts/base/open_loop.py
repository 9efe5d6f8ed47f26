"""A load at a fixed rate (build/bin/open-loop-load): each request is timed from the moment at which
it is due, so that a stall counts for all requests that it delays."""
import json
from pathlib import Path

from base import ab, children, stages
from base.errors import Failure
from base.paths import EXAMPLE_TARGET


def command(url: str, rate: float, seconds: float, clients: int,
            values: Path | None = None) -> list:
    """For the service at http://HOST:PORT; each latency, in microseconds, goes to that file."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    return [stages.built("open-loop-load"), host, port, EXAMPLE_TARGET, "--rate", rate,
            "--seconds", seconds, "--connections", clients,
            *(["--values", values] if values else [])]


def run(words: list) -> dict:
    """What it printed: requests, rate_per_second, p50_ms, p99_ms, p99.9_ms, max_ms. Raises Failure
    if a request fails."""
    figures = json.loads(
        children.must(words, "Does the service run? Run: make test").stdout)
    if figures["failed"]:
        raise Failure(f"{figures['failed']} of {figures['requests']} requests failed",
                      "no request may fail", ab.REMEDY)
    return figures
