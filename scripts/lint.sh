#!/usr/bin/env bash
# Runs clang-tidy over the C++ sources and shellcheck over the scripts. Called by check.sh.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

usage() {
  cat <<'EOF'
Usage: scripts/lint.sh [--all]
Lints the C++ sources of the stages, common/, common/app/ and common/metrics/ by .clang-tidy, and every shell script by shellcheck.
--all: every C++ source of build/compile_commands.json (run `make test` first) but docs/examples, which show what lint
forbids; that takes many minutes. A source is not linted again until it, a header or .clang-tidy
changes; what passed is remembered in build/lint/.
Example: scripts/lint.sh
EOF
}

# Of the paths below the root.
wanted='^(v[0-9]+-[^/]*|common|common/app|common/metrics)/[^/]*$'
(($# <= 1)) || usage_error "$2" 'there is at most one argument'
case ${1-} in
  --help) usage; exit 0 ;;
  --all) wanted='^(?!/|docs/examples/)' ;;
  '') ;;
  *) usage_error "$1" 'the only option is --all' ;;
esac
need_tool clang-tidy clang-tidy
need_tool shellcheck shellcheck
need_tool jq jq
cd "$REPO_ROOT"
[[ -f build/compile_commands.json ]] || die 'build/compile_commands.json' 'it is missing' 'Run: make build'

mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
show_command shellcheck -x '(every script)'
shellcheck -x "${scripts[@]}"

# One entry a source: what is built once per stage is linted once.
mkdir -p build/lint/passed
jq 'unique_by(.file) | map(select(.file | ltrimstr($root) | (test("^build[^/]*/") | not) and test($wanted)))' \
  --arg root "$REPO_ROOT/" --arg wanted "$wanted" build/compile_commands.json \
  >build/lint/compile_commands.json
mapfile -t sources < <(jq -r '.[].file' build/lint/compile_commands.json)
((${#sources[@]})) || die 'build/compile_commands.json' "it has no source of $REPO_ROOT" 'Run: make clean build'
headers=$(git ls-files '*.h' .clang-tidy | xargs sha1sum | sha1sum | cut -c1-40)

lint_one() {
  local source=$1 stamp
  stamp=build/lint/passed/$(printf '%s %s' "$2" "$(sha1sum <"$source")" | sha1sum | cut -c1-40)
  [[ -e $stamp ]] && return
  if output=$(clang-tidy -p build/lint --quiet "$source" 2>/dev/null); then
    touch "$stamp"
  else
    printf '%s\n' "$output"
    return 1
  fi
}
export -f lint_one

show_command clang-tidy -p build/lint '(each source)'
# shellcheck disable=SC2016  # expanded by the inner bash
if ! printf '%s\0' "${sources[@]}" | xargs -0 -P "$(nproc)" -I{} bash -c 'lint_one "$1" "$2"' _ {} "$headers"; then
  die 'the sources above' 'clang-tidy found faults' 'Mend them; the name of the rule stands in brackets'
fi
