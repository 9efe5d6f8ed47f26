#!/usr/bin/env bash
# Runs the service of a stage in the foreground until Ctrl-C; the program's own options can follow.
# Called by `make run` and by hand.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/run.sh STAGE [SERVICE OPTION…]

Runs build/bin/leftpad-STAGE in the foreground; Ctrl-C ends it. Without options it listens on
127.0.0.1:8080 and serves its profiles on 127.0.0.1:6060.

  --help   this text (for the service's options: build/bin/leftpad-STAGE --help)

Example: scripts/run.sh v1-naive --port 8081 --debug-addr 127.0.0.1:6061
TEXT
}

if [[ ${1-} == --help ]]; then usage; exit 0; fi
need_stage_argument first "${1-}"
stage=$1
shift
need_binary leftpad "$stage"
if (($# == 0)); then
  printf 'In another terminal, once it is ready:\n'
  printf '  %s\n' "curl 'http://127.0.0.1:8080/v1/leftpad/?str=test&len=50&chr=*'" \
    "make load STAGE=$stage URL=http://127.0.0.1:8080"
fi
show_command "$BINARY" "$@"
# exec: Ctrl-C, signals and the exit status are the service's own.
exec "$BINARY" "$@"
