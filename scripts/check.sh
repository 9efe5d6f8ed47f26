#!/usr/bin/env bash
# What CI runs after the tests: format, lint, documentation. Called by the Makefile.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

usage() {
  cat <<'EOF'
Usage: scripts/check.sh
Checks format, lint and the documentation. `make check` runs `make test` first.
EOF
}

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
step 'Documentation'
scripts/docs-check.sh
