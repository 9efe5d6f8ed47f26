#!/usr/bin/env bash
# What CI runs after the tests: format, lint, sanitizers, documentation. Called by the Makefile.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

usage() {
  cat <<'EOF'
Usage: scripts/check.sh
Checks format and lint, runs the tests under sanitizers, and checks the documentation. `make check` runs `make test` first.
Example: make check
EOF
}

(($# <= 1)) || usage_error "$2" 'there is at most one argument'
case ${1-} in
  --help) usage; exit 0 ;;
  '') ;;
  *) usage_error "$1" 'there are no options' ;;
esac
cd "$REPO_ROOT"

step 'Format'
scripts/format.sh --check
step 'Lint'
scripts/lint.sh
scripts/sanitize.sh # its own headings
step 'Documentation'
scripts/workshop docs-check
