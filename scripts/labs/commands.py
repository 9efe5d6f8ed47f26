"""What a learner types: lab, grade, hint, solution. Each ends with the next command."""
import json
import subprocess
import textwrap

from labs import catalog, forge, grader, paths, prediction, progress, screen, starters
from labs.errors import Failure

EXIT = {grader.PASS: 0, grader.FAIL: 1, grader.INVALID: 3, grader.SKIPPED: 3}


def _build_service(stage):
    forge.configure()
    command = ["cmake", "--build", str(paths.BUILD), "--target", f"leftpad-{stage}"]
    print(screen.paint("36", f"$ cmake --build {paths.relative(paths.BUILD)} --target leftpad-{stage}"), flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout[-3000:])
        raise Failure(stage, "it does not build; the compiler's output is above", f"Mend it, or start anew: rm -r {stage}")


def lab(number, guess):
    """Makes the learner's stage and says what is wrong with it. An existing stage is kept."""
    chosen = catalog.find(number)
    stage_dir = paths.ROOT / chosen.stage
    if stage_dir.exists():
        print(f"{chosen.stage}/ is there already and stays as it is (start anew: rm -r {chosen.stage}).")
    else:
        starters.copy_with([chosen.starter], stage_dir)
        screen.step(f"Made {chosen.stage}/")
    _build_service(chosen.stage)
    if "answer" not in progress.load(chosen.number):
        forge.programs_of_base()
        with starters.starter(chosen) as folder:
            progress.save(chosen.number, answer=prediction.measured_answer(forge.Forge(), chosen, folder))
    print(f"\nLab {chosen.number}: {chosen.title} ({chosen.data['minutes']} minutes, {paths.relative(chosen.page)})\n")
    print(chosen.section("The symptom") + "\n")
    if prediction.ask(chosen, guess) is None:
        print(f"Predict: {chosen.data['predict']['question']} Say it with: make lab N={chosen.number} GUESS=…")
    screen.next_command(f"make run STAGE={chosen.stage}    then: make grade LAB={chosen.number}")
    return 0


def grade(number, guess, stage=None):
    if number:
        return _grade_one(catalog.find(number), guess, stage)
    chosen = [one for one in catalog.all_labs() if (paths.ROOT / one.stage).exists()]
    if not chosen:
        raise Failure("labs", "none has been started", "Start one: make lab N=1")
    codes = [_grade_one(one, None, None) for one in chosen]
    return max(codes)


def _grade_one(chosen, guess, stage):
    stage_dir = paths.ROOT / (stage or chosen.stage)
    if not stage_dir.is_dir():
        raise Failure(stage_dir.name, "this stage is not there", f"Make it: make lab N={chosen.number}")
    guessed = prediction.ask(chosen, guess)
    screen.step(f"Lab {chosen.number}, {chosen.title}: grading {stage_dir.name}")
    forge.programs_of_base()
    results = grader.Grader(forge.Forge()).grade(chosen, stage_dir)
    verdict = grader.verdict_of(results)
    screen.table(results)
    _tell_prediction(chosen, guessed)
    out = paths.BUILD / "labs" / f"lab{chosen.number:02}.json"
    out.write_text(json.dumps(grader.as_json(chosen, results), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"Result: {screen.paint(screen.COLOURS[verdict], verdict)}  {paths.relative(out)}")
    if verdict in screen.MEANING:
        print(screen.MEANING[verdict])
    _after(chosen, verdict)
    return EXIT[verdict]


def _tell_prediction(chosen, guessed):
    state = progress.save(chosen.number, graded=True)
    if "answer" in state:
        print("  " + screen.prediction(chosen.data["predict"]["question"], guessed, state["answer"]))


def _after(chosen, verdict):
    if verdict != grader.PASS:
        screen.next_command(f"make hint LAB={chosen.number}    or edit {chosen.stage}/ and grade again")
        return
    progress.save(chosen.number, passed=True)
    for line in prediction.calibration():
        print(line)
    print(f"The reference solution: make solution LAB={chosen.number}")
    open_labs = [one for one in catalog.all_labs() if not progress.load(one.number).get("passed")]
    passed = len(catalog.all_labs()) - len(open_labs)
    print(f"Passed in this clone: {passed} of {len(catalog.all_labs())} labs.")
    screen.next_command(f"make lab N={open_labs[0].number}" if open_labs else "make submission")


def hint(number):
    chosen = catalog.find(number)
    hints = chosen.hints()
    seen = min(progress.load(chosen.number).get("hints", 0) + 1, len(hints))
    progress.save(chosen.number, hints=seen)
    print(textwrap.fill(f"Hint {seen} of {len(hints)}: {hints[seen - 1]}", 100))
    if seen < len(hints):
        screen.next_command(f"make hint LAB={chosen.number}    (the next one)")
    else:
        screen.next_command(f"make solution LAB={chosen.number}    (that was the last hint)")
    return 0


def solution(number):
    """The way from the sick service to the reference, as a diff."""
    chosen = catalog.find(number)
    if not progress.load(chosen.number).get("passed"):
        print("You have not passed this lab yet. Here it is all the same.")
    with starters.starter(chosen) as sick, starters.solution(chosen) as mended:
        done = subprocess.run(["diff", "-ruN", str(sick), str(mended)], capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("diff ")]
    for line in lines:
        line = line.replace(str(sick), "sick").replace(str(mended), "mended").split("\t")[0] if line[:3] in ("---", "+++") else line
        print(screen.paint({"+": "32", "-": "31"}.get(line[:1], "0"), line))
    screen.next_command(f"make grade LAB={chosen.number}")
    return 0
