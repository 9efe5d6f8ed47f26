#!/usr/bin/env bash
# Usage: scripts/format.sh [--check]
# Formats every C++ file that git knows by .clang-format, and every Python file by autopep8 (.flake8).
# With --check, changes nothing and shows what would change.
# Example: make format
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

at_most 1 "$@"
[[ ${1---check} == --check ]] || usage_error "$1" 'the only option is --check'
need_tool clang-format clang-format
need_module autopep8 python3-autopep8
cd "$REPO_ROOT"

cpp=(--dry-run --Werror) python=(--diff --exit-code)
[[ ${1-} == --check ]] || cpp=(-i) python=(--in-place)

# format WHAT PATTERN… -- COMMAND…: the command on every file of these names.
format() {
  local what=$1 patterns=() files
  shift
  while [[ $1 != -- ]]; do patterns+=("$1"); shift; done
  shift
  mapfile -t files < <(git ls-files --cached --others --exclude-standard "${patterns[@]}")
  show_command "$@" "(every $what file)"
  "$@" "${files[@]}" 2>&1 | head -40 || die 'the files above' "they are not formatted ($what)" 'Run: make format'
}
format C++ '*.cpp' '*.h' -- clang-format "${cpp[@]}"
format Python '*.py' scripts/base/tests/fakes/{bench,service} -- "$PYTHON" -W ignore -m autopep8 "${python[@]}"
