#!/usr/bin/env bash
# Configures (once) and builds one preset of CMakePresets.json. Called by the Makefile.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} != release && ${1:-} != asan && ${1:-} != tsan ]]; then
  echo "Usage: scripts/build.sh release|asan|tsan"
  [[ ${1:-} == --help ]] && exit 0 || exit 2
fi
preset=$1
directory=build
[[ $preset == release ]] || directory=build-$preset

if [[ ! -f $directory/build.ninja ]]; then
  echo "\$ cmake --preset $preset"
  if ! output=$(cmake --preset "$preset" 2>&1); then
    printf '%s\n' "$output" >&2
    exit 1
  fi
fi
echo "\$ cmake --build --preset $preset"
exec cmake --build --preset "$preset"
