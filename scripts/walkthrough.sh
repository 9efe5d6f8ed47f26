#!/usr/bin/env bash
# Replays the whole article on this machine, step by step, and ends with the report.
# Called by `make walkthrough`, which installs and builds first, and by hand. The steps are in walkthrough/steps.sh.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/walkthrough/steps.sh
. "$SCRIPTS_DIR/walkthrough/steps.sh"
# shellcheck source=scripts/walkthrough/progress.sh
. "$SCRIPTS_DIR/walkthrough/progress.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/walkthrough.sh [--restart] [--list]

Measures, profiles and compares both stages of the article, in its order, with the same commands as the other
make targets; prints each command. About five minutes. Then checks the article's findings against the profiles
and writes build/report/index.html. Fails if a step fails or a finding is not met.

Ctrl-C stops it and leaves nothing running. The next run goes on from there: a finished step is repeated only
if the programs have been rebuilt to something else, or its result is gone.

  --restart   forget finished steps
  --list      only list the steps; finished ones are marked
  --help      this text

Example: make walkthrough        (or: scripts/walkthrough.sh --restart)
TEXT
}

restart=0 list=0
while (($#)); do
  case $1 in
    --help) usage; exit 0 ;;
    --restart) restart=1 ;;
    --list) list=1 ;;
    *) usage_error "$1" 'unknown option' ;;
  esac
  shift
done

readonly OLD=v1-naive NEW=v2-optimized
readonly STATE_DIR=$BUILD_DIR/walkthrough
# The scripts that run as steps do not say what to type next: the walkthrough does.
export WALKTHROUGH=1

for stage in "$OLD" "$NEW"; do
  need_binary leftpad "$stage"
  need_binary bench "$stage"
done
need_tool ab apache2-utils
need_tool curl curl
need_tool "$PYTHON" python3
[[ -x $BUILD_DIR/tools/pprof ]] || die build/tools/pprof 'pprof reads the profiles, and it is not built' 'Run: make setup'

cd "$REPO_ROOT"
mkdir -p "$STATE_DIR"
((!restart)) || rm -f -- "$STATE_DIR"/*.done
add_steps
if ((list)); then
  list_steps
  exit 0
fi

for ((STEP = 0; STEP < ${#STEP_IDS[@]}; STEP++)); do
  if is_done "$STEP"; then
    announce_done "$STEP"
    continue
  fi
  announce "$STEP"
  started=$SECONDS status=0
  run_step "$STEP" || status=$?
  ((status == 0)) || give_up "$STEP" "$status"
  mark_done "$STEP" $((SECONDS - started))
done

printf '\n'
step 'The findings of the article, in what was just measured'
status=0
show_command env PYTHONPATH=scripts "$PYTHON" -m report.findings
python_module report.findings --again "$STATE_DIR/again" || status=$?
printf '\n'
result_at "$BUILD_DIR/report/index.html"
if ((status != 0)); then
  forget_steps_of "$STATE_DIR/again"
  die 'findings' 'not all of what the article finds shows here (see above)' \
    'A busy machine can hide it; to measure those again: make walkthrough'
fi
WALKTHROUGH='' next_command "xdg-open build/report/index.html    (then: make stage NAME=v3-mine, and make it faster)"
