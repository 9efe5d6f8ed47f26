#!/usr/bin/env bash
# Counts the system calls that a service makes for 1,000 requests of one client. Used by chapter 17.
# Usage: docs/examples/count_calls.sh SERVICE [OPTION…]    (the ports 8080 and 6060 must be free)
set -euo pipefail

url='http://127.0.0.1:8080/v1/leftpad/?str=test&len=50&chr=*'
folder=$(mktemp -d)
"$@" --log-file "$folder/log" 2>"$folder/said" &
service=$!
trap 'kill "$service" 2>/dev/null; rm -r "$folder"' EXIT
until grep -q 'listening on' "$folder/said"; do
  kill -0 "$service" 2>/dev/null || { cat "$folder/said" >&2; exit 1; }
  sleep 0.05
done

strace -f -c -qq -o "$folder/calls" -p "$service" &
tracer=$!
sleep 0.5 # strace needs a moment to attach
ab -q -k -c 1 -n 1000 "$url" >/dev/null
kill -TERM "$tracer"
wait "$tracer" || true
sed -E 's/ +$//' "$folder/calls"
