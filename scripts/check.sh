#!/usr/bin/env bash
# What CI runs after the tests: format, lint, sanitizers. Called by the Makefile.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

usage() {
  cat <<'EOF'
Usage: scripts/check.sh
Checks format and lint, and runs the tests that suit them under AddressSanitizer with
UndefinedBehaviorSanitizer, and under ThreadSanitizer. `make check` runs `make test` first.
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
for sanitizer in asan tsan; do
  step "Contract and server tests under $sanitizer"
  scripts/build.sh "$sanitizer" contract-tests
  for program in build-"$sanitizer"/bin/test-*; do
    run "$program" --gtest_brief=1
  done
done
step 'Documentation'
scripts/docs-check.sh
