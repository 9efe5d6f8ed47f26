#!/usr/bin/env bash
# Builds and runs every test. Called by `make test`.
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'EOF'
Usage: scripts/test.sh [JOBS]
Builds and runs every test, JOBS at a time (default: two per processor, since most of them wait).
Tests labelled `timing` measure against clocks, which a busy neighbour can disturb: they run one at a
time, and one that fails is tried twice more.
Example: make test
EOF
}

(($# <= 1)) || usage_error "$2" 'there is at most one argument'
case ${1-} in
  --help) usage; exit 0 ;;
  '') ;;
  *) need_number JOBS "$1" ;;
esac
jobs=${1:-$(($(nproc) * 2))}
cd "$REPO_ROOT" || exit
scripts/build.sh release all
status=0
run_watched ctest --preset release -j "$jobs" -LE timing || status=1
run_watched ctest --preset release -L timing --repeat until-pass:3 || status=1
exit "$status"
