#!/usr/bin/python3
"""Checks that labels follow the coroutines of the example from thread to thread.

Usage: coroutines_test.py PPROF_COROUTINES
"""

import re
import sys
import urllib.request

from example import running

ORDERS, STEPS = {"a", "b", "c"}, {"check", "pack", "send"}
WANTED = ({("pool", order, step) for order in ORDERS for step in STEPS}
          | {("audit", order, "send") for order in ORDERS})
CAPTURES = 20  # of 3 s at most: on a busy machine one may have few samples


def samples_of(text: str) -> list[tuple[dict[str, str], str]]:
    """Labels and stack of each sample in the text form of a profile."""
    samples = []
    for block in re.split(r"\n\n", text)[1:]:
        head, _, stack = block.partition("\n")
        samples.append((dict(re.findall(r"(\w+)=(\S+)", head)), stack))
    return samples


def labels_of_work(text: str) -> set[tuple[str, str, str]]:
    """Thread, order and step of the samples of compute(); each must have all of them."""
    return {(labels["thread"], labels.get("order", "none"), labels.get("step", "none"))
            for labels, stack in samples_of(text) if "compute" in stack}


def main() -> None:
    with running(sys.argv[1], "120") as url:
        seen = set()
        for _ in range(CAPTURES):
            profile = urllib.request.urlopen(f"{url}profile?seconds=3&debug=1", timeout=60)
            seen |= labels_of_work(profile.read().decode())
            if seen - WANTED:
                sys.exit(f"wrong labels: {seen - WANTED}")
            if seen == WANTED:
                return
        sys.exit(f"without samples: {WANTED - seen}")


if __name__ == "__main__":
    main()
