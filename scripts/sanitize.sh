#!/usr/bin/env bash
# Usage: scripts/sanitize.sh [asan|tsan]
# asan: AddressSanitizer and UndefinedBehaviorSanitizer; tsan: ThreadSanitizer. Default: one after the other. Without
# compiled programs it takes five minutes on two processors.
# Each program's output is in build-asan/sanitize/ or build-tsan/sanitize/.
# Example: make sanitize
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

at_most 1 "$@"
case ${1-} in
  '') presets=(asan tsan) ;;
  asan | tsan) presets=("$1") ;;
  *) usage_error "$1" 'it must be asan or tsan' ;;
esac

# gcc 12's sanitizers do not start, or hang, where the kernel places memory at more random addresses than they know
# (vm.mmap_rnd_bits above 28). Programs that were started so, compilers and tests alike, get fixed addresses.
if [[ -z ${FIXED_ADDRESSES-} ]] && setarch --addr-no-randomize true 2>/dev/null; then
  FIXED_ADDRESSES=1 exec setarch --addr-no-randomize "${BASH_SOURCE[0]}" "$@"
fi

# start PRESET PROGRAM: in the background; most of them wait more than they compute.
start() {
  local output=build-$1/sanitize/$2.txt
  show_command "build-$1/bin/$2" --gtest_brief=1
  "build-$1/bin/$2" --gtest_brief=1 >"$output" 2>&1 &
  outputs[$!]=$output
}

# Waits for all that was started, and shows what failed.
finish() {
  local pid
  for pid in "${!outputs[@]}"; do
    wait "$pid" || {
      failed=1
      tail -n 40 "${outputs[$pid]}"
      warn "${outputs[$pid]} has all of it"
    }
  done
  outputs=()
}

cd "$REPO_ROOT" || exit
declare -A outputs
failed=0
for preset in "${presets[@]}"; do
  step "Contract, server and profiler tests under $preset"
  scripts/build.sh "$preset" sanitized-tests
  mkdir -p "build-$preset/sanitize"
  for stage in v[0-9]*-*/CMakeLists.txt; do start "$preset" "test-${stage%/*}"; done
  for program in pprof_{test,capture_test,handler_test,safety_test}; do start "$preset" "$program"; done
  finish
  start "$preset" test-server # alone: its clients give up after some seconds
  finish
done
((failed == 0)) || die 'a test under a sanitizer' 'it must pass without a report' 'Its output is above'
