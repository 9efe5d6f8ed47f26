#!/usr/bin/env bash
# What a capture costs the service: its processor time for 5,000 requests, the median of three turns. Used by chapter 21.
# Usage: docs/examples/perf_cost.sh SERVICE    (the ports 8080 and 6060 must be free)
set -euo pipefail

folder=$(mktemp -d)
"$1" --log-file "$folder/log" 2>"$folder/said" &
service=$!
trap 'kill "$service" 2>/dev/null; rm -r "$folder"' EXIT
until grep -q 'listening on' "$folder/said"; do
  kill -0 "$service" 2>/dev/null || { cat "$folder/said" >&2; exit 1; }
  sleep 0.05
done

capture() { # NAME RATE: five seconds long
  case $1 in
    none) sleep 5 ;;
    endpoint*) curl -s -o "$folder/profile" 'http://127.0.0.1:6060/debug/pprof/profile?seconds=5' ;;
    *) perf record -q -e cpu-clock -F "${2% Hz}" --call-graph "${1#perf }" -p "$service" -o "$folder/data" -- sleep 5 ;;
  esac
}

cost_with() { # NAME RATE: milliseconds
  capture "$@" 2>/dev/null &
  sleep 2 # perf takes its time to attach
  perf stat -x ';' -e task-clock -p "$service" -- ab -q -k -c 8 -n 5000 \
    'http://127.0.0.1:8080/v1/leftpad/?str=test&len=50&chr=*' 2>&1 >/dev/null | sed -n 's/^\([0-9]*\).*task-clock.*/\1/p'
  wait $!
}

captures=('none,-' 'endpoint profile,100 Hz' 'perf fp,99 Hz' 'perf fp,999 Hz' 'perf dwarf,999 Hz')
for _ in 1 2 3; do
  for capture in "${captures[@]}"; do
    cost_with "${capture%,*}" "${capture#*,}" >>"$folder/$capture"
  done
done
for capture in "${captures[@]}"; do
  printf '%-18s%-8s%4d ms\n' "${capture%,*}" "${capture#*,}" "$(sort -n "$folder/$capture" | sed -n 2p)"
done
