#!/usr/bin/env bash
# Builds and runs every test. Called by `make test`.
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'EOF'
Usage: scripts/test.sh [JOBS]
Builds and runs every test, JOBS at a time (default: two per processor, since most of them wait).
Each runs once: a test that fails beside busy neighbours has a fault, or found one.
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
run_watched ctest --preset release -j "$jobs"
