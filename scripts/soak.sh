#!/usr/bin/env bash
# Runs a stage's service under load, abuse, captures and log rotation at once. Called by `make soak` and by hand.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/soak.sh STAGE [--seconds N]

Starts the service of the stage and sets on it, at the same time: ab, clients that check every answer, slow,
half-open, resetting and malformed ones, profile captures, and log rotation with SIGHUP. Twice, with a rest
after each. Then proves that no answer was wrong, that every answered request is in the log, and that memory,
threads and descriptors are what they were after the first rest. Fails with a list of findings otherwise.

  --seconds N   how long the second time takes (default 60); the first takes a third, and each rest 15 s
  --help        this text

Example: make soak STAGE=v2-optimized SECONDS=600        (or: scripts/soak.sh v2-optimized --seconds 600)
TEXT
}

[[ ${1-} != --help ]] || { usage; exit 0; }
need_stage_argument first "${1-}"
stage=$1
shift
seconds=60
while (($#)); do
  case $1 in
    --help) usage; exit 0 ;;
    --seconds) need_value "$1" $#; need_number "$1" "$2"; seconds=$2; shift 2 ;;
    *) usage_error "$1" 'unknown option' ;;
  esac
done

need_binary leftpad "$stage"
need_tool ab apache2-utils
need_tool "$PYTHON" python3
step "Soaking $stage"
PYTHONPATH=$SCRIPTS_DIR PYTHONDONTWRITEBYTECODE=1 run_watched "$PYTHON" -m soak "$BINARY" --seconds "$seconds" ||
  die "leftpad-$stage" 'a soak must end without findings' 'See the findings above'
next_command make fuzz
