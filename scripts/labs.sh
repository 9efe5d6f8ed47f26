#!/usr/bin/env bash
# The labs: makes a learner's stage, grades it, gives hints and solutions. The work is in labs/, a Python package.
# Called by `make lab`, `make grade`, `make hint`, `make solution`, `make bug`, `make submission` and by hand.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/labs.sh lab N [--guess NUMBER]       make the stage of lab N, build it, show the symptom
       scripts/labs.sh grade [N] [--guess NUMBER] [--stage NAME]
                                                    judge lab N, or every lab that was started
       scripts/labs.sh hint N                       the next hint
       scripts/labs.sh solution N                   the reference solution, as a diff
       scripts/labs.sh noise STAGE [--record]       lab 13: replay the stage's procedure.json; on runs taken here and now
       scripts/labs.sh bug SEED [--answer]          a copy of v2-optimized with a performance bug; again: judge it
       scripts/labs.sh submission                   pack your labs, verdicts and predictions into a bundle
       scripts/labs.sh submission BUNDLE            grade a bundle anew and compare the verdicts

Of grade, LABS_TIME=0 leaves out the times, which decide nothing; of a --stage that is not the lab's own, the verdict
is printed and nothing is kept.
Progress is kept in .progress/ and survives `make clean`. Verdicts go to build/labs/labNN.json.
Exit status of grade: 0 PASS, 1 FAIL, 3 INVALID or SKIPPED (nothing is said about your stage).

  --help   this text

Example: make lab N=1, then make grade LAB=1
TEXT
}

case ${1-} in
  --help) usage; exit 0 ;;
  lab | hint | solution | bug | noise) (($# >= 2)) || usage_error "$1" 'give a number (noise: a stage) after it' ;;
  grade | submission) ;;
  *) usage_error "${1:-nothing}" 'the commands are lab, grade, hint, solution, noise, bug and submission' ;;
esac
need_tool "$PYTHON" python3
need_tool patch patch
export PYTHONPATH=$SCRIPTS_DIR PYTHONDONTWRITEBYTECODE=1
exec "$PYTHON" -m labs "$@"
