#!/usr/bin/env bash
# Formats the C++ code, or checks that it is formatted. Called by the Makefile and by check.sh.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

usage() {
  cat <<'EOF'
Usage: scripts/format.sh [--check]
Formats every C++ file that git knows. With --check, changes nothing and shows what would change.
Example: make format
EOF
}

(($# <= 1)) || usage_error "$2" 'there is at most one argument'
case ${1-} in
  --help) usage; exit 0 ;;
  --check | '') ;;
  *) usage_error "$1" 'the only option is --check' ;;
esac
need_tool clang-format clang-format
cd "$REPO_ROOT"
mapfile -t files < <(git ls-files --cached --others --exclude-standard '*.cpp' '*.h')

if [[ ${1-} == --check ]]; then
  show_command clang-format --dry-run --Werror '(every C++ file)'
  if ! clang-format --dry-run --Werror "${files[@]}" 2>&1 | head -40; then
    die 'the files above' 'they are not formatted by .clang-format' 'Run: make format'
  fi
else
  show_command clang-format -i '(every C++ file)'
  clang-format -i "${files[@]}"
fi
