#!/usr/bin/env bash
# Usage: scripts/run.sh STAGE [SERVICE OPTION…]
#
# Runs build/bin/leftpad-STAGE in the foreground; Ctrl-C ends it. Without options it listens on
# 127.0.0.1:8080 and serves its profiles on 127.0.0.1:6060.
# For the service's options: build/bin/leftpad-STAGE --help
#
# Example: scripts/run.sh v1-naive --port 8081 --debug-addr 127.0.0.1:6061
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ ${1:--} != -* ]] || usage_error "${1:-nothing}" 'the first argument must be a stage'
stage=$1
shift
program=build/bin/leftpad-$stage
need_stage "$stage"
[[ -x $REPO_ROOT/$program ]] || die "$program" 'this program is not built' 'Run: make build'
if (($# == 0)); then
  printf 'In another terminal, once it is ready:\n'
  printf '  %s\n' "curl 'http://127.0.0.1:8080/v1/leftpad/?str=test&len=50&chr=*'" \
    "make load STAGE=$stage URL=http://127.0.0.1:8080"
fi
show_command "$program" "$@"
# exec: Ctrl-C, signals and the exit status are the service's own.
exec "$REPO_ROOT/$program" "$@"
