#!/usr/bin/env bash
# Usage: scripts/fuzz.sh [--seconds N] [TARGET…]
#
# Runs fuzz targets, one after another. What they learn is kept in build/fuzz/corpus/ for the next run; an
# input that breaks a property is written to build/fuzz/findings/, and the script fails. TARGET is one of
#
#   reader          the connection's reader: framing, limits, cut in any way
#   query           query parsing, UTF-8, JSON encoding
#   profile-query   the query of a profile request
#   stages          v1-naive and v2-optimized side by side: answers, StatsD packets, log lines
#
#   --seconds N   how long to run each target (default 60)
#
# Example: make fuzz SECONDS=600        (or: scripts/fuzz.sh --seconds 600 reader)
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly TARGETS=(reader query profile-query stages)

seconds=60 chosen=()
while (($#)); do
  case $1 in
    --seconds) need_number "$1" "${2-}"; seconds=$2; shift 2 ;;
    -*) usage_error "$1" 'unknown option' ;;
    *) [[ " ${TARGETS[*]} " == *" $1 "* ]] || usage_error "$1" "a target is one of: ${TARGETS[*]}"; chosen+=("$1"); shift ;;
  esac
done
((${#chosen[@]})) || chosen=("${TARGETS[@]}")

cxx=$(command -v clang++ || true)
[[ -n $cxx ]] || die 'clang++' 'it has to be installed: libFuzzer is part of clang' 'Install it: apt-get install clang'
need_tool cmake cmake
need_tool ninja ninja-build

fuzz_dir=$BUILD_DIR/fuzz
step 'Building the fuzz targets'
mkdir -p "$fuzz_dir"
# Every library is instrumented, so that the fuzzer sees which branches an input takes.
command=(cmake -S "$REPO_ROOT" -B "$fuzz_dir/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_COMPILER=$cxx"
  -DWORKSHOP_FUZZ=ON "-DWORKSHOP_SANITIZE=address,undefined"
  "-DCMAKE_CXX_FLAGS=-fsanitize=fuzzer-no-link -fsanitize-ignorelist='$REPO_ROOT/common/fuzz/sanitizer_ignore.txt'")
show_command "${command[@]}"
"${command[@]}" >"$fuzz_dir/configure.txt" 2>&1 ||
  die 'the configuration' 'it must succeed' "It said: $(tail -n 3 "$fuzz_dir/configure.txt" | tr '\n' ' ')"
run_watched ninja -C "$fuzz_dir/build" "${chosen[@]/#/fuzz-}"

for target in "${chosen[@]}"; do
  mkdir -p "$fuzz_dir/corpus/$target" "$fuzz_dir/findings"
  step "Fuzzing $target for $seconds s"
  command=("$fuzz_dir/build/bin/fuzz-$target" "-max_total_time=$seconds" -timeout=10 -rss_limit_mb=2048
    "-artifact_prefix=$fuzz_dir/findings/$target-" "$fuzz_dir/corpus/$target" "$REPO_ROOT/common/fuzz/corpus/$target")
  show_command "${command[@]}"
  "${command[@]}" >"$fuzz_dir/$target.txt" 2>&1 &
  wait "$!" ||
    die "a finding in $target" 'no input may break a property' \
      "See $fuzz_dir/$target.txt; the input is in $fuzz_dir/findings/"
  grep '^Done' "$fuzz_dir/$target.txt"
done
result_at "$fuzz_dir"
next_command make soak
