#!/usr/bin/env bash
# Usage: scripts/build.sh PRESET [TARGET]
# PRESET is release, asan or tsan; TARGET is all (default) or one of ninja's targets, for example
# programs: the services and the benchmarks of every stage.
# Example: scripts/build.sh release programs
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

at_most 2 "$@"
preset=${1-} target=${2-all}
case $preset in
  release) directory=build ;;
  asan | tsan) directory=build-$preset ;;
  *) usage_error "preset '$preset'" 'it must be release, asan or tsan' ;;
esac
cd "$REPO_ROOT"
need_tool cmake cmake
need_tool ninja ninja-build

# One build in a folder at a time: two gradings that begin together need the same libraries.
mkdir -p "$directory"
exec {lock}> "$directory/build.lock"
flock "$lock"

if [[ ! -f $directory/build.ninja ]]; then
  show_command cmake --preset "$preset"
  output=$(cmake --preset "$preset" 2>&1) || {
    printf '%s\n' "$output" >&2
    die "cmake --preset $preset" 'it must succeed; its output is above' 'Try: make doctor'
  }
fi
# Not cmake --build: it leaves ninja running when it is ended.
run_watched ninja -C "$directory" "$target"
