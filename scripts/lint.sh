#!/usr/bin/env bash
# Usage: scripts/lint.sh [--all]
# Lints every shell script by shellcheck and all Python by flake8 (.flake8), checks that imports point
# down the order of scripts/layers.py, and lints the C++ sources of the stages, common/, common/app/,
# common/metrics/ and common/stage/ by .clang-tidy. Of all other C++ files, headers too, only the braces.
# --all: every check for every source of build/compile_commands.json (run `make test` first) but
# docs/examples, which show what lint forbids; that takes many minutes. A file is not linted again until
# it, a header or .clang-tidy changes; what passed is remembered in build/lint/.
# Example: scripts/lint.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Of the paths below the root.
wanted='^(v[0-9]+-[^/]*|common|common/app|common/metrics|common/stage)/[^/]*$'
at_most 1 "$@"
case ${1-} in
  --all) wanted='^(?!/|docs/examples/)' ;;
  '') ;;
  *) usage_error "$1" 'the only option is --all' ;;
esac
need_tool clang-tidy clang-tidy
need_tool shellcheck shellcheck
need_tool jq jq
need_module flake8 python3-flake8
cd "$REPO_ROOT"
[[ -f build/compile_commands.json ]] || die 'build/compile_commands.json' 'it is missing' 'Run: make build'

mapfile -t scripts < <(git ls-files --cached --others --exclude-standard '*.sh' .ci/run .devcontainer/{forward,run} scripts/workshop scripts/base/tests/fakes/{ab,objcopy,open-loop-load})
show_command shellcheck -x '(every script)'
shellcheck -x "${scripts[@]}"

mapfile -t python < <(git ls-files --cached --others --exclude-standard '*.py' scripts/base/tests/fakes/{bench,service})
show_command "$PYTHON" -m flake8 '(every Python file)'
"$PYTHON" -m flake8 "${python[@]}" || die 'the lines above' 'flake8 found faults' 'Fix them; make format does a part of it'
run "$PYTHON" scripts/layers.py

# One entry a source: what is built once per stage is linted once.
mkdir -p build/lint/passed
jq 'unique_by(.file)' build/compile_commands.json >build/lint/compile_commands.json
mapfile -t sources < <(jq -r '.[].file | ltrimstr($root) | select((test("^build[^/]*/") | not) and test($wanted))' \
  --arg root "$REPO_ROOT/" --arg wanted "$wanted" build/lint/compile_commands.json)
((${#sources[@]})) || die 'build/compile_commands.json' "it has no source of $REPO_ROOT" 'Run: make clean build'
mapfile -t files < <(git ls-files --cached --others --exclude-standard '*.cpp' '*.h' ':!docs/examples')
headers=$({ git ls-files --cached --others --exclude-standard '*.h' .clang-tidy; find . -maxdepth 3 -path './v[0-9]*-*/*.h' -printf '%P\n'; } |
  sort -u | xargs -d '\n' sha1sum | sha1sum | cut -c1-40)

# lint_one FILE KEY [CHECK]: by all of .clang-tidy, or by one check alone, which needs no file that FILE includes.
lint_one() {
  local file=$1 key=$2 check=${3-} output stamp
  stamp=build/lint/passed/$(printf '%s %s %s' "$key" "$check" "$(sha1sum <"$file")" | sha1sum | cut -c1-40)
  [[ -e $stamp ]] && return
  if output=$(clang-tidy -p build/lint --quiet ${check:+"--checks=-*,$check"} "$file" 2>/dev/null) ||
    [[ -n $check && $output != *"$check"* ]]; then  # a header alone may lack what it includes
    touch "$stamp"
  else
    printf '%s\n' "$output"
    return 1
  fi
}
export -f lint_one

# lint_all KEY CHECK FILE…
lint_all() {
  show_command clang-tidy -p build/lint ${2:+"--checks=-*,$2"} "($(($# - 2)) files)"
  # shellcheck disable=SC2016  # expanded by the inner bash
  printf '%s\0' "${@:3}" | xargs -0 -P "$(nproc)" -I{} bash -c 'lint_one "$@"' _ {} "$1" "$2" ||
    die 'the files above' 'clang-tidy found faults' 'Fix them; the name of the rule stands in brackets'
}
lint_all "$headers" '' "${sources[@]}"
lint_all "$(sha1sum <.clang-tidy)" readability-braces-around-statements "${files[@]}"
