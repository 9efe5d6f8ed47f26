# shellcheck shell=bash
# pprof, the load during a capture, and the fetching of profiles. Sourced by the scripts that profile.
# shellcheck disable=SC2034  # the names set here are read by the scripts that source this file

# ab gets this much more time than the capture needs; SIGINT ends it early and makes it report.
readonly LOAD_EXTRA_SECONDS=60
readonly LEFTPAD_QUERY='/v1/leftpad/?str=test&len=50&chr=*'

# need_pprof: sets PPROF, the pprof command as an array.
need_pprof() {
  need_tool dot graphviz
  PPROF=("$BUILD_DIR/tools/pprof")
  [[ -x ${PPROF[0]} ]] && return
  command -v go >/dev/null ||
    die build/tools/pprof 'the standalone pprof is not built and there is no Go with its own' 'Run: make setup'
  warn 'build/tools/pprof is missing (make setup builds it); using go tool pprof, which cannot disassemble C++'
  PPROF=(go tool pprof)
}

# start_load SECONDS CLIENTS: loads the started service in the background until stop_load.
start_load() {
  local limit=$(($1 + LOAD_EXTRA_SECONDS))
  temp_dir
  LOAD_REPORT=$TEMP_DIR/ab.txt
  # -n after -t: alone, -t means at most 50000 requests.
  local command=(ab -q -k -c "$2" -t "$limit" -n "$((limit * 100000))" "$SERVICE_URL$LEFTPAD_QUERY")
  printf '%s &\n' "$(show_command "${command[@]}")"
  "${command[@]}" >"$LOAD_REPORT" 2>&1 &
  LOAD_PID=$!
}

load_figure() { awk -F: -v name="$1" '$1 == name { print $2 + 0; found = 1 } END { if (!found) print 0 }' "$LOAD_REPORT"; }

# stop_load: ends ab as Ctrl-C would; sets REQUESTS_PER_SECOND. Dies if a request failed or none was made.
stop_load() {
  local failed answered
  kill -INT "$LOAD_PID" 2>/dev/null || true
  wait "$LOAD_PID" 2>/dev/null || true
  answered=$(load_figure 'Complete requests')
  failed=$(($(load_figure 'Failed requests') + $(load_figure 'Non-2xx responses')))
  ((answered > 0)) || die "$(tail -n 1 "$LOAD_REPORT")" "ab could not load $SERVICE_URL" \
    "It may have ended early: $(tail -n 1 "$SERVICE_LOG")"
  ((failed == 0)) || die "$failed of $answered requests failed" 'no request may fail during a capture' \
    "See what the service says: make run STAGE=$STAGE"
  REQUESTS_PER_SECOND=$(load_figure 'Requests per second')
  printf 'Load: %.0f requests/s, none failed\n\n' "$REQUESTS_PER_SECOND"
}

# fetch URL FILE SECONDS: downloads one profile with curl, which takes SECONDS by itself.
fetch() {
  local status said
  # The answer to an error is text that says what to do.
  run_watched curl -sS --fail-with-body --max-time "$(($3 + 30))" -o "$2" "$1" && return
  status=$?
  said=$([[ -f $2 ]] && head -c 500 "$2" | tr '\n' ' ')
  rm -f -- "$2"
  die "${said:-curl exit status $status}" "$1 gave no profile" 'See https://curl.se/docs/manpage.html for the status, or open the URL'
}

# take_capture STAGE SECONDS CLIENTS FILE [SERVICE OPTION…]: starts the service, loads it, captures what set_kind
# chose into FILE, and ends both. Sets REQUESTS_PER_SECOND.
take_capture() {
  local stage=$1 seconds=$2 clients=$3 file=$4 url
  shift 4
  STAGE=$stage
  start_service "$stage" "$@"
  start_load "$seconds" "$clients"
  url=$SERVICE_DEBUG_URL/debug/pprof/$ENDPOINT
  if [[ $CAPTURE == timed ]]; then
    fetch "$url?seconds=$seconds" "$file" "$seconds"
  else
    printf 'Waiting %s s, so that the load is in full swing\n' "$seconds"
    run_watched sleep "$seconds"
    fetch "$url" "$file" 0
  fi
  stop_load
  stop_service
}
