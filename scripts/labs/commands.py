"""What a learner types: lab, grade, hint, solution. Each ends with the next command."""
import shutil
import textwrap
from pathlib import Path

from base import children, console
from base.errors import Failure
from labs import (asking, building, catalog, grader, noise as replay, paths, prediction,
                  progress, running, screen, starters, timing)

EXIT = {grader.PASS: 0, grader.FAIL: 1, grader.INVALID: 3, grader.SKIPPED: 3}


def lab(number: str, guess: str, reset: bool = False) -> None:
    """Makes the learner's stage and says what is wrong with it. An existing stage is kept; with
    `reset` in build/labs/, over the one that was put there before. Raises Failure."""
    chosen = catalog.find(number)
    if guess:
        prediction.number(guess)
    stage_dir = paths.ROOT / chosen.stage
    start_over = f"make lab N={chosen.number} RESET=1"
    if reset and stage_dir.exists():
        _put_away(stage_dir)
    if stage_dir.exists():
        print(f"{chosen.stage}/ is there already and stays as it is (to start over: {start_over}).")
    else:
        starters.copy_with([chosen.starter], stage_dir, chosen.base)
        console.step(f"Made {chosen.stage}/")
    building.release(f"leftpad-{chosen.stage}", f"Fix it, or start over: {start_over}")
    if "answer" not in progress.load(chosen.number):
        building.libraries()
        try:
            with console.Bar("counting what the lab asks", 1, lines=0), \
                    starters.starter(chosen) as folder:
                progress.save(chosen.number, answer=prediction.measured_answer(chosen, folder))
        except (running.Unavailable, running.OwnFault, building.CompileError,
                *grader.BROKEN) as reason:
            print(f"Your prediction cannot be held against a count: {reason}")
    print(f"\nLab {chosen.number}: {chosen.title} ({chosen.data['minutes']} minutes, "
          f"{paths.relative(chosen.page)})\n")
    print(chosen.section("The symptom") + "\n")
    if prediction.ask(chosen, guess) is None:
        print(f"Predict: {chosen.data['predict']['question']} Say it with: make lab "
              f"N={chosen.number} GUESS=…")
    console.next_command(f"make run STAGE={chosen.stage}    then: make grade LAB={chosen.number}")


def _put_away(stage_dir):
    kept = paths.BUILD / "labs" / f"{stage_dir.name}.before"
    shutil.rmtree(kept, ignore_errors=True)
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(stage_dir, kept)
    print(f"What you had is in {paths.relative(kept)}/.")


def grade(number: str | None, guess: str, stage: str | None = None,
          seed: int | None = None) -> int:
    """Judges a lab, or all that were started; the exit status. Raises Failure."""
    if number:
        chosen = catalog.find(number)
        if stage is None or Path(stage) == Path(chosen.stage):
            return _grade_own(chosen, guess, seed)
        if guess:
            raise Failure(f"GUESS={guess}",
                          f"a guess is about {chosen.stage}, not about --stage {stage}",
                          "Leave one of them out")
        return _grade_other(chosen, stage, seed)
    if guess or stage:
        raise Failure(f"GUESS={guess}" if guess else f"--stage {stage}",
                      "it belongs to one lab, and none is named",
                      "For example: make grade LAB=1 GUESS=10")
    chosen = [one for one in catalog.all_labs() if (paths.ROOT / one.stage).exists()]
    if not chosen:
        raise Failure("labs", "none has been started", "Start one: make lab N=1")
    codes = [_grade_own(one, None, seed) for one in chosen]
    return EXIT[grader.FAIL] if EXIT[grader.FAIL] in codes else max(codes)


def _folder_of(stage, remedy):
    """Raises Failure if it is not there."""
    folder = paths.ROOT / stage
    if not folder.is_dir():
        raise Failure(stage, "this stage is not there", remedy)
    return folder


def _grade_own(chosen, guess, seed):
    """Grades the lab's stage; the verdict and the progress are kept."""
    stage_dir = _folder_of(chosen.stage, f"Make it: make lab N={chosen.number}")
    guessed = prediction.ask(chosen, guess)
    out = paths.BUILD / "labs" / f"lab{chosen.number:02}.json"
    out.unlink(missing_ok=True)  # if this grading breaks off, no earlier verdict is packed
    verdict = _judge(chosen, stage_dir, seed, out)
    _tell_prediction(chosen, guessed)
    _tell_verdict(verdict, f"  {paths.relative(out)}")
    _after(chosen, verdict)
    return EXIT[verdict]


def _grade_other(chosen, stage, seed):
    """Judges another stage by the lab; nothing of it is kept."""
    stage_dir = _folder_of(stage, "It is the name of a folder here")
    verdict = _judge(chosen, stage_dir, seed)
    _tell_verdict(verdict, f"  (of {stage_dir.name}: not kept)")
    return EXIT[verdict]


def _judge(chosen, stage_dir, seed, out=None):
    """Prints the results and returns the verdict; `out` gets both as JSON."""
    console.step(f"Lab {chosen.number}, {chosen.title}: grading {stage_dir.name}")
    building.libraries()
    seed = asking.draw_from(seed)
    results = grader.grade(chosen, stage_dir)
    verdict = grader.verdict_of(results)
    if out:
        progress.write(out, grader.as_json(chosen, results, seed))
    screen.table(results)
    print(f"  Seed of the questions: {seed}    (the same ones: scripts/workshop grade "
          f"{chosen.number} --seed {seed})")
    if verdict != grader.FAIL and timing.wanted(chosen):
        print("  3     time (decides nothing): "
              f"{timing.inform(chosen, building.Programs(stage_dir))}")
    return verdict


def _tell_verdict(verdict, where):
    print(f"Result: {screen.painted(screen.COLOURS[verdict], verdict)}{where}")
    if verdict in screen.MEANING:
        print(screen.MEANING[verdict])


def _tell_prediction(chosen, guessed):
    state = progress.save(chosen.number, graded=True)
    if "answer" in state:
        question = chosen.data["predict"]["question"]
        print(f"  {screen.prediction(question, guessed, state['answer'])}")


def _after(chosen, verdict):
    if verdict != grader.PASS:
        console.next_command(
            f"make hint LAB={chosen.number}    or edit {chosen.stage}/ and grade again")
        return
    progress.save(chosen.number, passed=True)
    print()
    for paragraph in chosen.lesson():
        print(textwrap.fill(paragraph, 100) + "\n")
    for line in prediction.calibration():
        print(line)
    print(f"The reference solution: make solution LAB={chosen.number}; what the other views show: "
          f"{paths.relative(chosen.page)}, at its end.")
    labs = catalog.all_labs()
    open_labs = [one for one in labs if not progress.load(one.number).get("passed")]
    print(f"Passed in this clone: {len(labs) - len(open_labs)} of {len(labs)} labs.")
    later = [one for one in open_labs if one.number > chosen.number] or open_labs
    console.next_command(f"make lab N={later[0].number}" if later else "make submission")


def hint(number: str) -> None:
    """The next hint of a lab."""
    chosen = catalog.find(number)
    hints = chosen.hints()
    seen = min(progress.load(chosen.number).get("hints", 0) + 1, len(hints))
    progress.save(chosen.number, hints=seen)
    print(textwrap.fill(f"Hint {seen} of {len(hints)}: {hints[seen - 1]}", 100))
    console.next_command(f"make hint LAB={chosen.number}    (the next one)" if seen < len(hints)
                         else f"make solution LAB={chosen.number}    (that was the last hint)")


def noise(stage: str, slices: Path | None) -> None:
    """Replays a stage's procedure.json (lab 13) on the workshop's recording, or on the reader's
    own. Raises Failure."""
    start_over = "make lab N=13"
    stage_dir = _folder_of(stage, f"Make lab 13's: {start_over}")
    slices = slices or replay.RECORDED
    try:
        recorded = replay.load(slices)
    except replay.Unusable as why:
        raise Failure(f"--slices {slices}", str(why),
                      "Give the slices.json of a comparison: make compare") from None
    try:
        procedure = replay.read(stage_dir)
    except replay.Unusable as why:
        raise Failure(stage, str(why), f"Fix the file, or start over: {start_over}") from None
    if len(recorded) < 2 * procedure.pairs + 1:
        raise Failure(f"--slices {slices}", f"it has {len(recorded)} process pairs, a replay of "
                      f"{procedure.pairs} needs more than {2 * procedure.pairs}",
                      "Compare for longer: make compare SECONDS=…")
    print(f"{paths.relative(slices)}, {len(recorded)} process pairs, replayed:")
    print("\n".join(replay.table(procedure, recorded)))
    console.next_command("make grade LAB=13")


def solution(number: str) -> None:
    """The way from the sick service to the reference, as a diff."""
    chosen = catalog.find(number)
    if not progress.load(chosen.number).get("passed"):
        print("You have not passed this lab yet. Here it is all the same.")
    with starters.starter(chosen) as sick, starters.solution(chosen) as repaired:
        done = children.run(["diff", "-ruN", sick, repaired])
    for line in done.stdout.splitlines():
        if line.startswith("diff "):
            continue
        if line.startswith(("---", "+++")):
            line = line.replace(str(sick), "sick").replace(str(repaired), "repaired")
            line = line.split("\t")[0]
        print(screen.painted({"+": "32", "-": "31"}.get(line[:1], "0"), line))
    console.next_command(f"make grade LAB={chosen.number}")
