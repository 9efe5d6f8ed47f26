#!/usr/bin/env bash
# Usage: scripts/check.sh
# Checks format and lint, runs the tests under sanitizers, and checks the documentation. `make check` runs `make test` first.
# Example: make check
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

at_most 0 "$@"
cd "$REPO_ROOT"

step 'Format'
scripts/format.sh --check
step 'Lint'
scripts/lint.sh
scripts/sanitize.sh # its own headings
step 'Documentation'
scripts/workshop docs-check
