"""Predict, then measure: the guess of a learner, the counted answer, and the calibration over
all labs."""
import math
import statistics
from pathlib import Path

from base.errors import Failure
from labs import catalog, counters, progress, screen
from labs.building import Programs
from labs.catalog import Lab

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


def measured_answer(lab: Lab, stage_dir: Path) -> float:
    """What the question asks for: counted on the starter, or a constant of lab.json."""
    predict = lab.data["predict"]
    if "answer" in predict:
        return predict["answer"]
    group, metric = predict["metric"].split(":")
    return counters.GROUPS[group](Programs(stage_dir))[metric]


def ask(lab: Lab, given: str) -> float | None:
    """The learner's guess: given, recorded before, or asked for on a terminal. None: there is
    none."""
    state = progress.load(lab.number)
    if "guess" in state:
        if given:
            print(f"Your first guess stays: {screen.shown(state['guess'])}.")
        return state["guess"]
    given = given or screen.typed(f"Predict: {lab.data['predict']['question']} ")
    if not given:
        return None
    guess = number(given)
    progress.save(lab.number, guess=guess)
    print(f"Your guess is noted: {screen.shown(guess)}.")
    return guess


def calibration() -> list:
    """Lines on all predictions of this clone."""
    states = [(lab.number, progress.load(lab.number)) for lab in catalog.all_labs()]
    known = [(number, state["guess"], state["answer"]) for number, state in states
             if "guess" in state and "answer" in state and state.get("graded")]
    if not known:
        return []
    factors = [screen.factor(guess, answer) for _, guess, answer in known]
    good = sum(factor <= GOOD_FACTOR for factor in factors)
    return ["Your predictions:", *(
        f"  lab {number:2}  guess {screen.shown(guess):>9}   "
        f"counted {screen.shown(answer):>9}   "
        f"{screen.distance(guess, answer)}" for number, guess, answer in known),
        f"  {good} of {len(factors)} within a factor of {GOOD_FACTOR}; off by a factor of "
        f"{statistics.geometric_mean(factors):.3g} on average."]
