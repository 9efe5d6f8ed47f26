"""Predict, then measure: the guess of a learner, the counted answer, and the calibration over
all labs."""
import math
import sys

from labs import catalog, counters, progress, screen
from labs.grader import Programs
from base.errors import Failure

GOOD_FACTOR = 2  # a guess within this factor is a good one


def number(text: str) -> float:
    """A guess. Raises Failure unless it is a finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Failure(f"GUESS='{text}'", "a guess is a number",
                      "For example: make lab N=1 GUESS=10")
    return value


def measured_answer(lab, stage_dir) -> float:
    """What the question asks for: counted on the starter, or a constant of lab.json."""
    predict = lab.data["predict"]
    if "answer" in predict:
        return predict["answer"]
    group, metric = predict["metric"].split(":")
    return counters.GROUPS[group](Programs(stage_dir))[metric]


def ask(lab, given) -> float | None:
    """The learner's guess: given, recorded before, or asked for on a terminal. None: there is
    none."""
    state = progress.load(lab.number)
    if "guess" in state:
        if given:
            print(f"Your first guess stays: {state['guess']:g}.")
        return state["guess"]
    if given:
        guess = number(given)
    elif sys.stdin.isatty() and sys.stdout.isatty():
        try:
            typed = input(f"Predict: {lab.data['predict']['question']} ").strip()
        except EOFError:
            print()
            return None
        if not typed:
            return None
        guess = number(typed)
    else:
        return None
    progress.save(lab.number, guess=guess)
    return guess


def calibration() -> list:
    """Lines on all predictions of this clone."""
    known = [(lab, progress.load(lab.number)) for lab in catalog.all_labs()]
    known = [(lab, state)
             for lab, state in known
             if "guess" in state and "answer" in state and state.get("graded")]
    if not known:
        return []
    lines = ["Your predictions:"]
    factors = []
    for lab, state in known:
        factors.append(screen.factor(state["guess"], state["answer"]))
        lines.append(
            f"  lab {lab.number:2}  guess {state['guess']:>9g}   counted {state['answer']:>9g}   "
            f"{screen.distance(state['guess'], state['answer'])}")
    good = sum(f <= GOOD_FACTOR for f in factors)
    typical = math.exp(sum(math.log(f) for f in factors) / len(factors))
    lines.append(
        f"  {good} of {len(factors)} within a factor of {GOOD_FACTOR}; off by a factor of "
        f"{typical:.3g} on average."
    )
    return lines
