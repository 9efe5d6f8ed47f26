#!/usr/bin/env bash
# Usage: scripts/stage.sh NAME [FROM]
#
# Copies the stage FROM (default v1-naive) to NAME, for example v3-mine: a service, tests and benchmarks
# of its own, with no other edit. Never overwrites.
#
# Example: make stage NAME=v3-mine FROM=v1-naive
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

(($# == 1 || $# == 2)) || usage_error "$# arguments" 'give a name, and at most one stage to copy'
name=$1 from=${2:-v1-naive}
[[ $name =~ $STAGE_PATTERN ]] ||
  die "stage name '$name'" 'it must be v, a number, a dash, and lower-case letters, digits or dashes' 'For example: make stage NAME=v3-mine'
[[ $name != *-heaptrack ]] ||
  die "stage name '$name'" 'a program of another stage may have this name, leftpad-STAGE-heaptrack' 'For example: make stage NAME=v3-mine'
need_stage "$from"
[[ ! -e $REPO_ROOT/$name ]] ||
  die "$name" 'it is there already and is never overwritten' "Choose another name, or delete it: rm -r $name"
run cp -r "$REPO_ROOT/$from" "$REPO_ROOT/$name"
result_at "$REPO_ROOT/$name/"
next_command make compare "OLD=$from" "NEW=$name"
