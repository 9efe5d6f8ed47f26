"""What a service sends to a metrics server, read where that would be (lab 3)."""
import re
import socket
from collections.abc import Callable
from pathlib import Path

from base.service import ANSWER_SECONDS
from labs import asking, building, paths, running, suite

SHORT, LONG = 20, 8  # requests
LETTERS, LENGTH = 5000, 4_000_000  # a text is shorter; a text that takes more than a millisecond
PACKET = re.compile(r"leftpad\.request\.(?:str\.len:(\d+)\|h|leftpad\.(?:count:1\|c|"
                    r"timing:((?:0|[1-9]\d*)(?:\.\d{0,5}[1-9])?)\|ms))")
DIGITS = 7  # a stream rounds to one less


def _packets(server, count):
    """What PACKET finds in so many packets, in any order; None for one that is another."""
    said = [PACKET.fullmatch(server.recv(2000).decode("ascii", "replace")) for _ in range(count)]
    return said if all(said) else None


def measure(programs: Callable[[str], Path]) -> dict:
    """1 if a service whose program has set a German locale sends the three packets of each request
    as the contract has them, with all digits of a number. Raises TimeoutError if they do not
    come."""
    base = paths.ROOT / paths.BASE_STAGE
    german, locale = building.program(base, "german"), suite.german_locale()
    before = ("env", f"LD_PRELOAD={german}", "LC_ALL=de_DE.UTF-8", f"LOCPATH={locale}")
    right, most_digits = True, 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(ANSWER_SECONDS)
        with running.Service(programs("leftpad"), "--max-len", str(LENGTH), "--statsd",
                             f"127.0.0.1:{server.getsockname()[1]}", before=before,
                             readable=[german, locale]) as service, service.connect() as sock:
            for length in [LETTERS] * SHORT + [LENGTH] * LONG:
                letters = 1 + asking.number(LETTERS)
                asking.ask(sock, letters=letters, length=length)
                if not (said := _packets(server, 3)):
                    right = False
                    break
                lengths, times = ([one[group] for one in said if one[group]] for group in (1, 2))
                right = right and lengths == [str(letters)] and len(times) == 1
                most_digits = max([most_digits, *(len(time.replace(".", "").lstrip("0"))
                                                  for time in times)])
    return {"right_in_a_german_program": int(right and most_digits >= DIGITS)}
