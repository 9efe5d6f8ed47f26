#!/usr/bin/env bash
# Runs the micro-benchmarks of one stage and prints Google Benchmark's table.
# Called by `make bench` and by hand. One stage says little alone: compare.sh compares two.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/bench.sh STAGE [GOOGLE BENCHMARK OPTION…]

Runs build/bin/bench-STAGE: time, bytes and allocations per operation. The same data as JSON goes to
build/bench/STAGE.json. Refuses a debug build, whose times mean nothing.

  --help   this text (for Google Benchmark's options: build/bin/bench-STAGE --help)

Example: make bench STAGE=v1-naive        (or: scripts/bench.sh v1-naive --benchmark_filter=Leftpad50)
TEXT
}

if [[ ${1-} == --help ]]; then usage; exit 0; fi
need_stage_argument first "${1-}"
stage=$1
shift
need_binary bench "$stage"
need_tool "$PYTHON" python3
python_module compare.gbench "$BINARY"

out=$BUILD_DIR/bench/$stage.json
mkdir -p "${out%/*}"
temp_dir
written=$TEMP_DIR/$stage.json # a run that fails leaves the earlier result
run_watched "$BINARY" --benchmark_counters_tabular=true --benchmark_out="$written" --benchmark_out_format=json "$@" ||
  die "bench-$stage" "it failed with exit status $?" 'Is the option one of its --help?'
# What only asks, or writes elsewhere, has no result here.
[[ " $* " != *' --help '* && " $*" != *' --benchmark_'@(list_tests|out=)* ]] || exit 0
[[ -s $written ]] || die "bench-$stage $*" 'no benchmark ran' "See their names: scripts/bench.sh $stage --benchmark_list_tests"
mv -- "$written" "$out"
result_at "$out"
next_command make compare OLD=v1-naive "NEW=$([[ $stage != v1-naive ]] && printf '%s' "$stage" || printf v2-optimized)"
