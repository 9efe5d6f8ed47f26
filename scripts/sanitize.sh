#!/usr/bin/env bash
# Builds and runs the contract tests of every stage and the server tests under the sanitizers. Called by the Makefile.
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'EOF'
Usage: scripts/sanitize.sh [asan|tsan]
asan: AddressSanitizer and UndefinedBehaviorSanitizer; tsan: ThreadSanitizer. Default: one after the other.
Example: make sanitize
EOF
}

case ${1-} in
  --help) usage; exit 0 ;;
  '') presets=(asan tsan) ;;
  asan | tsan) presets=("$1") ;;
  *) usage_error "$1" 'it must be asan or tsan' ;;
esac
cd "$REPO_ROOT" || exit
for preset in "${presets[@]}"; do
  step "Contract and server tests under $preset"
  scripts/build.sh "$preset" contract-tests
  for program in "build-$preset"/bin/test-*; do
    run "$program" --gtest_brief=1
  done
done
