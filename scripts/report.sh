#!/usr/bin/env bash
# Makes one page, build/report/index.html, of what has been measured: comparison and profiles of two stages.
# Called by `make report`, by walkthrough.sh and by hand. The work is in report/, a Python package.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/report.sh [OLD [NEW]] [--compare DIR] [--profiles DIR] [--out FILE]

Writes a page that works offline: the service before and after, benchmarks, flame graphs, call graphs,
allocations, lock waits, threads. It measures nothing: what is missing gets a section that says what to run.

  OLD, NEW         stages (default: those compared last, or v1-naive and v2-optimized)
  --compare DIR    results of compare.sh (default build/compare)
  --profiles DIR   captures of profile.sh (default build/profiles)
  --out FILE       the page (default build/report/index.html)
  --help           this text

Example: make report OLD=v1-naive NEW=v3-mine
TEXT
}

stages=() options=()
while (($#)); do
  case $1 in
    --help) usage; exit 0 ;;
    --compare | --profiles | --out) need_value "$1" $#; options+=("$1" "$2"); shift 2 ;;
    -*) usage_error "$1" 'unknown option' ;;
    *) need_stage "$1"; stages+=("$1"); shift ;;
  esac
done
((${#stages[@]} <= 2)) || usage_error "${stages[*]}" 'two stages can be compared'
need_tool "$PYTHON" python3
"$PYTHON" -c 'import jinja2' 2>/dev/null ||
  die 'Python module jinja2' "$PYTHON does not have it (Debian package python3-jinja2)" 'Run: make setup'
[[ -x $BUILD_DIR/tools/pprof ]] || die build/tools/pprof 'the report reads profiles with it, and it is not built' 'Run: make setup'

step 'Writing the report'
python_module report ${stages[@]+"${stages[@]}"} ${options[@]+"${options[@]}"}
