#!/usr/bin/env bash
# Runs the service of a stage under heaptrack, with a few thousand requests, and prints where memory comes from.
# Called by `make heaptrack` and by hand.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/profiles/capture.sh
. "$SCRIPTS_DIR/profiles/capture.sh"
# shellcheck source=scripts/profiles/draw.sh
. "$SCRIPTS_DIR/profiles/draw.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/heaptrack.sh STAGE [-n REQUESTS] [-c CLIENTS] [--out DIR]

Records every allocation of the service while ab loads it. Prints totals, the peak and the places that
allocate most; writes heaptrack's data, its whole report and a flame graph to build/profiles/STAGE/.

It runs build/bin/leftpad-STAGE-heaptrack, a program without tcmalloc: heaptrack replaces the C library's
malloc, which a program with tcmalloc never calls. Expect about an eighth of the usual speed.

  -n REQUESTS   how many requests (default 5000)
  -c CLIENTS    how many at a time (default 8)
  --out DIR     where results go (default build/profiles/STAGE)
  --help        this text

Example: make heaptrack STAGE=v1-naive        (or: scripts/heaptrack.sh v1-naive -n 20000)
TEXT
}

[[ ${1-} != --help ]] || { usage; exit 0; }
need_stage_argument first "${1-}"
stage=$1
shift
requests=5000 clients=8 out=$BUILD_DIR/profiles/$stage
while (($#)); do
  case $1 in
    --help) usage; exit 0 ;;
    -n) need_value "$1" $#; need_number "$1" "$2"; requests=$2; shift 2 ;;
    -c) need_value "$1" $#; need_number "$1" "$2"; clients=$2; shift 2 ;;
    --out) need_value "$1" $#; out=$2; shift 2 ;;
    *) usage_error "$1" 'unknown option' ;;
  esac
done
((clients <= requests)) || usage_error "-c $clients" "ab takes at most as many clients as requests ($requests)"
need_stage "$stage"
BINARY=$BUILD_DIR/bin/leftpad-$stage-heaptrack
[[ -x $BINARY ]] || die "build/bin/leftpad-$stage-heaptrack" 'this program is not built' 'Run: make build'
need_tool ab apache2-utils
need_tool heaptrack heaptrack
need_tool heaptrack_print heaptrack
need_tool pgrep procps
need_tool "$PYTHON" python3

# end_recorded: what heaptrack started; then it ends by itself and removes its pipe.
end_recorded() {
  local pid deadline=$((SECONDS + STOP_TIMEOUT_SECONDS))
  [[ -n $HEAPTRACK_PID ]] || return 0
  for pid in $(pgrep -P "$HEAPTRACK_PID"); do end_process "$pid" || true; done
  while kill -0 "$HEAPTRACK_PID" 2>/dev/null && ((SECONDS <= deadline)); do sleep 0.02; done
}
HEAPTRACK_PID=''
trap 'trap "" INT TERM HUP; end_recorded; clean_up' EXIT

# start_recorded: the service under heaptrack, ready. Sets SERVICE_PID (the service's own) and HEAPTRACK_PID.
start_recorded() {
  local command
  temp_dir
  SERVICE_LOG=$TEMP_DIR/service.txt
  : >"$SERVICE_LOG"
  # Into a folder of its own: heaptrack breaks names with spaces, and an earlier recording stays until this one is whole.
  recorded=$TEMP_DIR/heaptrack
  command=(heaptrack -o "$recorded" "$BINARY" --port 0 --debug-addr 127.0.0.1:0 --log-file "$TEMP_DIR/requests.log")
  show_command "${command[@]}"
  "${command[@]}" >"$SERVICE_LOG" 2>&1 &
  HEAPTRACK_PID=$! SERVICE_PID=$!
  wait_until_ready "$stage-heaptrack"
  for SERVICE_PID in $(pgrep -P "$HEAPTRACK_PID"); do
    [[ ! /proc/$SERVICE_PID/exe -ef $BINARY ]] || break
  done
  SERVICE_URL=$(service_said 'listening on')
}

mkdir -p "$out"
prefix=$out/heaptrack
step "Recording every allocation of $stage: $requests requests, $clients at a time"
printf '%s\n' "The program without tcmalloc, since heaptrack sees only the C library's malloc."
start_recorded
load=(ab -q -k -c "$clients" -n "$requests" "$SERVICE_URL$LEFTPAD_QUERY")
show_command "${load[@]}"
"${load[@]}" >"$TEMP_DIR/ab.txt" 2>&1 &
wait "$!" ||
  die "$(tail -n 1 "$TEMP_DIR/ab.txt")" "ab could not load $SERVICE_URL" "Start the service by hand: make run STAGE=$stage"
kill -TERM "$SERVICE_PID"
status=0
wait "$HEAPTRACK_PID" || status=$?
HEAPTRACK_PID=''
((status == 0)) || die "heaptrack's exit status $status" 'the recorded service must end with 0' "It said: $(tail -n 3 "$SERVICE_LOG" | tr '\n' ' ')"
data=$(find "${recorded%/*}" -name 'heaptrack.zst' -o -name 'heaptrack.gz' | head -n 1)
[[ -n $data ]] || die "$prefix" 'heaptrack wrote no data' "It said: $(tail -n 3 "$SERVICE_LOG" | tr '\n' ' ')"
rm -f -- "$prefix".{zst,gz,txt,folded,flame.html}
mv -- "$data" "$out/"
data=$out/${data##*/}

show_command heaptrack_print -a 1 -p 1 -T 0 -F "$prefix.folded" -f "$data"
heaptrack_print -a 1 -p 1 -T 0 -F "$prefix.folded" -f "$data" >"$prefix.txt"
python_module profiles.heaptrack "$prefix.txt" "$prefix.folded" "$stage" "$requests"
python_module profiles.flame "$prefix.folded" --stage "$stage" --title "$stage: allocations (heaptrack)" --unit allocations --page "$prefix.flame.html" ||
  warn 'there is no flame graph (see above)'
printf '\n'
result_at "$prefix.txt"
also_at "$prefix.flame.html" 'flame graph: open it in a browser'
also_at "$prefix.folded" 'folded stacks'
next_command "heaptrack_print -f ${data#"$REPO_ROOT"/} | less"
