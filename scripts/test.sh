#!/usr/bin/env bash
# Usage: scripts/test.sh [JOBS]
# Builds and runs every test, JOBS at a time (default: two per processor, since most of them wait).
# Each runs once: a test that fails beside busy neighbours has a fault, or found one.
# Example: make test
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

at_most 1 "$@"
jobs=${1:-$(($(nproc) * 2))}
need_number JOBS "$jobs"
cd "$REPO_ROOT" || exit
scripts/build.sh release all
run_watched ctest --preset release -j "$jobs"
