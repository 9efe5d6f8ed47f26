#!/usr/bin/env bash
# Compares two stages: benchmarks as benchstat does, then the services under ab; old and new runs in turn.
# Called by `make compare` and by hand. The work is in compare/, a Python package.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/compare.sh [OLD [NEW]] [--pairs N] [--no-service] [--out DIR]

Prints time, bytes and allocations per operation of both stages, then requests per second and latency
of both services, each with its delta, or ~ where there is no difference. Takes up to two minutes.
Fails if a request fails or a build is a debug build.

  OLD, NEW       stages (default v1-naive and v2-optimized)
  --pairs N      runs of each side, at least 16 (default 30; fewer if time runs out)
  --no-service   benchmarks only
  --out DIR      where results go (default build/compare): compare.json, compare.txt, old.txt and new.txt
                 in the Go benchmark format (benchstat old.txt new.txt), raw/ with every run
  --help         this text

Example: make compare OLD=v1-naive NEW=v3-mine
TEXT
}

stages=() options=() out=$BUILD_DIR/compare
while (($#)); do
  case $1 in
    --help) usage; exit 0 ;;
    --no-service) options+=("$1"); shift ;;
    --pairs) need_value "$1" $#; need_number "$1" "$2"; options+=("$1" "$2"); shift 2 ;;
    --out) need_value "$1" $#; out=$2; shift 2 ;;
    -*) usage_error "$1" 'unknown option' ;;
    *) stages+=("$1"); shift ;;
  esac
done
((${#stages[@]} <= 2)) || usage_error "${stages[*]}" 'two stages can be compared'
old=${stages[0]:-v1-naive} new=${stages[1]:-v2-optimized}
for stage in "$old" "$new"; do
  need_binary bench "$stage"
  need_binary leftpad "$stage"
done
need_tool ab apache2-utils
need_tool "$PYTHON" python3
"$PYTHON" -c 'import scipy' 2>/dev/null ||
  die 'Python module scipy' "$PYTHON does not have it (Debian package python3-scipy)" 'Run: make setup'

# exec: signals and the exit status are the comparison's own.
export PYTHONPATH=$SCRIPTS_DIR PYTHONDONTWRITEBYTECODE=1
exec "$PYTHON" -m compare "$old" "$new" --out "$out" ${options[@]+"${options[@]}"}
