"""Asks the programs of a stage, and believes only what the stage can answer itself.

Each run gets words that nobody has seen before, and the name of a file for its answer. A verdict
needs the stage's own right answer to each word, given while it was counted. What a program prints,
and how it ends, is never taken for a result.
"""
import contextlib
import json
import random
import re
import secrets
import socket
import string
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from base import children, client, sandbox
from base.service import Broken
from base.signals import temporary_folder
from labs.progress import UNUSABLE

WORDS = 240
WIDE_WORDS = 30  # each padded to a length of 1,000, which a sick stage does slowly
PROGRAM_SECONDS = 60
BATCH, MOST_BYTES = 500, 2000  # of an answer
LETTERS = string.ascii_letters + string.digits
WRONG_ANSWER = ("the service", "while it was counted, it gave a wrong answer",
                "Does it answer in the same way each time?")
_random = random.Random()


class NoAnswer(Broken):
    """Of the stage, or a wrong one; the text is the same on every run."""


def draw_from(seed: int | None = None) -> int:
    """From here on the words are those of the seed, of a new one if there is none; the seed."""
    seed = secrets.randbelow(10**9) if seed is None else seed
    _random.seed(seed)
    return seed


def number(end: int) -> int:
    """Any, from 0 to end - 1."""
    return _random.randrange(end)


def _word(letters=4, alphabet=string.ascii_uppercase):
    return "".join(_random.choices(alphabet, k=letters))


def draw() -> list[str]:
    """Words of four capital letters, no two alike."""
    words = {}
    while len(words) < WORDS:
        words[_word()] = None
    return list(words)


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """What is drawn here leaves the seed's next words what they would have been."""
    state = _random.getstate()
    try:
        yield
    finally:
        _random.setstate(state)


def _request(length=50, pad="", agent=len(client.AGENT), letters=4):
    """(bytes that ask for a word of so many letters to be padded, the right body), without a pad
    with any letter: more than a table can know. `agent`: how many characters the user agent
    has."""
    word = _word(letters, LETTERS)
    pad = pad or _word(1, LETTERS)
    target = f"/v1/leftpad/?str={word}&len={length}&chr={quote(pad)}"
    name = f"{word[:4]}/5.0(X11;Linux-x86_64)Firefox/".ljust(agent, "0")[:agent]
    return client.request(target, name), _body(padded(word, length, pad)).encode()


def send(sock: socket.socket, **request) -> tuple[str, bytes]:
    """Sends what _request() makes; its target, and the right body."""
    asked, right = _request(**request)
    sock.sendall(asked)
    return asked.split(b" ", 2)[1].decode(), right


def receive(sock: socket.socket, right: bytes) -> None:
    """Reads an answer. Raises NoAnswer unless it is the right one."""
    status, body, _ = client.read_answer(sock)
    if (status, body) != (200, right):
        raise NoAnswer(*WRONG_ANSWER)


def ask(sock: socket.socket, times: int = 1, **request) -> list[str]:
    """send() and receive(), so many times; the targets."""
    targets = []
    for _ in range(times):
        target, right = send(sock, **request)
        receive(sock, right)
        targets.append(target)
    return targets


def ask_at_once(sock: socket.socket, times: int, letters: int) -> None:
    """Requests for one word, a batch at a time, for loads of many. Raises NoAnswer unless as many
    answers are right."""
    request, right = _request(letters=letters)
    while times > 0:
        batch, said = min(times, BATCH), b""
        sock.sendall(batch * request)
        while said.count(right) < batch:
            if not (block := sock.recv(1 << 20)) or len(said) > batch * MOST_BYTES:
                raise NoAnswer(*WRONG_ANSWER)
            said += block
        times -= batch


def _body(text):
    return json.dumps({"str": text}, ensure_ascii=False, separators=(",", ":")) + "\n"


def padded(word: str, length: int, pad: str | None = None) -> str:
    """What leftpad() is for; without a pad, with the first letter."""
    return (pad or word[0]) * (length - len(word)) + word


def _right(asked, words):
    """{what: right answers} of a probe, as common/grading has them."""
    def padding(length, pad=None):
        return [padded(word, length, pad) for word in words]
    body = [_body(text) for text in padding(50, "*")]
    silence = [""] * len(words)
    number = 100 + 26 * (ord(words[-1][0]) - ord("A")) + ord(words[-1][1]) - ord("A")
    packet = f"leftpad.request.leftpad.timing:{number}.125|ms"
    operations = {"TimedHandler": silence, "LeftpadHandler": body, "Leftpad10": padding(10),
                  "Leftpad50": padding(50), "LeftpadWide": padding(1000, "→"), "StatsD": silence}
    if asked[0] == "operations":
        return {**operations, "last packet": [packet]}
    if asked[0] == "loop":
        return {asked[1]: operations[asked[1]],
                "last packet": [packet if asked[1] == "StatsD" else ""]}
    if asked[0] == "inputs":
        large = packet.replace(f":{number}", f":{number + 123456780000}")
        return {
            **{f"handler.{name}": body for name in ("agent_12_chars", "agent_31_chars",
                                                    "ip_39_chars")},
            **{f"leftpad.len_{length}": padding(length) for length in (10, 50, 1000)},
            "leftpad.len_50_wide_pad": padding(50, "→"), "StatsD.long_name": silence,
            "StatsD.large_value": silence, "last packet": [large]
        }
    if asked[0] == "logger":
        return {"log": [f'request url="/v1/leftpad/?str={word}&len=50&chr=*" ip="127.0.0.1" '
                        f'user_agent="ApacheBench/2.3"'
                        for word in [words[0], *(words * 5)[:1000]]]}
    return {"LeftpadHandler": body}


def probe(program: Path, *asked: str, before: tuple = (),
          seconds: float = PROGRAM_SECONDS) -> dict:
    """What probe-<stage> counted. Raises NoAnswer, or subprocess.TimeoutExpired after so many
    seconds. `before`: the words of a tool that runs it."""
    words = draw()[:WIDE_WORDS if "LeftpadWide" in asked else WORDS]
    with temporary_folder() as folder:
        file = Path(folder, "answer")
        done = sandbox.run([*before, program, *asked], seconds,
                           input=json.dumps({"words": words, "answer": str(file)}),
                           readable=[program], writable=[folder])
        name = f"probe {' '.join(asked)}"
        try:
            told = json.loads(sandbox.read(file))
            answers = dict(told["answers"])
            metrics = {what: int(count) for what, count in told["metrics"].items()}
            if asked[0] == "logger":  # without the times
                answers["log"] = re.findall(r"^\S+ (.*)$", "".join(answers["log"]), re.M)
        except UNUSABLE:
            ended = children.how_it_ended(done.status)
            raise NoAnswer(name, f"no answer came before it ended ({ended})",
                           "Does the stage crash, or end the program?") from None
    for what, right in _right(asked, words).items():
        if answers.get(what) != right:
            raise NoAnswer(name, f"while it was counted, {what} did not give the right answers",
                           "Does the stage answer in the same way each time?")
    return metrics
