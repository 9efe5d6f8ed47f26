"""Prints verdicts and predictions."""
import sys
import textwrap

from base import console
from labs import grader

COLOURS = {grader.PASS: "32", grader.FAIL: "31", grader.INVALID: "35", grader.SKIPPED: "33"}
MEANING = {
    grader.INVALID: "Nothing is said about your stage: the workshop or the machine is at fault, as "
                    "said above.",
    grader.SKIPPED: "Nothing could be judged: see what is missing above.",
}


def painted(sgr: str, text: str) -> str:
    """Text for standard output, coloured as base.console does it."""
    return console.paint(sys.stdout, sgr, text)


def table(results: list) -> None:
    """Prints the results, and below them what to do about those that are not PASS."""
    rows = [("tier", "what is counted", "value", "budget", "verdict")]
    rows += [(str(each.tier), each.name, "" if each.value is None else str(each.value),
              each.budget, each.status) for each in results]
    tier, name, value, budget = (max(map(len, column)) for column in list(zip(*rows))[:4])
    for row in rows:
        status = painted(COLOURS.get(row[4], "0"), row[4])
        print(f"  {row[0]:{tier}}  {row[1]:{name}}  {row[2]:>{value}}  {row[3]:{budget}}  {status}")
    for result in results:
        if result.next:
            text = f"{result.name}: {result.next}" + "." * (not result.next.endswith("?"))
            print(textwrap.fill(text, 110, initial_indent="  - ", subsequent_indent="    "))


def shown(number: float) -> str:
    """As people write it: 3,000,000."""
    return f"{number:,.10g}"


def typed(question: str) -> str:
    """What somebody at a terminal types; nothing where there is none."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return ""
    try:
        return input(question).strip()
    except EOFError:
        print()
        return ""


def prediction(question: str, guess: float | None, actual: float) -> str:
    """One line: the guess, what was counted, and how far apart they are."""
    if guess is None:
        return f"You made no prediction. {question} It was {shown(actual)}."
    return (f"You guessed {shown(guess)}, it was {shown(actual)}: "
            f"{distance(guess, actual)}.")


def factor(guess: float, actual: float) -> float:
    """How many times too large or too small a guess is, at least 1; 0 counts as one half."""
    low, high = sorted((max(abs(guess), 0.5), max(abs(actual), 0.5)))
    return high / low


def distance(guess: float, actual: float) -> str:
    """In words: exact, or how many times too high or too low."""
    ratio = factor(guess, actual)
    if ratio == 1:
        return "exact"
    return f"{ratio:.3g} times too {'high' if guess > actual else 'low'}"
