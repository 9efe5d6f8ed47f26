#!/usr/bin/env bash
# Runs every command block of docs/ and compares its output; --update records it. The work is in docs/, a Python package.
# Called by `make docs-check`, `make check` and by hand.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_tool "$PYTHON" python3
# exec: signals and the exit status are the check's own.
export PYTHONPATH=$SCRIPTS_DIR PYTHONDONTWRITEBYTECODE=1
exec "$PYTHON" -m docs "$@"
