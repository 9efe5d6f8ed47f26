#!/usr/bin/env bash
# Loads a stage's service with ab, as the article does, and prints the gist of ab's report.
# Called by `make load` and by hand. Starts the service itself unless it is given the URL of one.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/load.sh STAGE [--url URL] [-n REQUESTS] [-c CLIENTS] [-- SERVICE OPTION…]

Sends requests with keep-alive from several clients at once. Starts the service on free ports for the
duration, or loads the one at URL (http://HOST:PORT). ab's own report and its latency percentiles go to
build/load/STAGE/. Fails if any request fails.

  -n REQUESTS   how many requests (default 50000)
  -c CLIENTS    how many at a time (default 8)
  --url URL     a running service, for example http://127.0.0.1:8080
  --help        this text

Example: make load STAGE=v1-naive        (or: scripts/load.sh v1-naive -n 20000 -c 16)
TEXT
}

[[ ${1-} != --help ]] || { usage; exit 0; }
need_stage_argument first "${1-}"
stage=$1
shift
url='' requests=50000 clients=8
while (($#)); do
  case $1 in
    --help) usage; exit 0 ;;
    --url) need_value "$1" $#; url=${2%/}; shift 2 ;;
    -n) need_value "$1" $#; need_number "$1" "$2"; requests=$2; shift 2 ;;
    -c) need_value "$1" $#; need_number "$1" "$2"; clients=$2; shift 2 ;;
    --) shift; break ;;
    *) usage_error "$1" 'unknown option' ;;
  esac
done
[[ -z $url || $url =~ ^http://[^/]+$ ]] || usage_error "--url $url" 'the value must look like http://127.0.0.1:8080'
[[ -z $url || $# == 0 ]] || usage_error "$*" 'options of the service are for one that this script starts, not for --url'
((clients <= requests)) || usage_error "-c $clients" "ab takes at most as many clients as requests ($requests)"

need_stage "$stage"
need_tool ab apache2-utils
need_tool "$PYTHON" python3
[[ -n $url ]] || start_service "$stage" "$@"

out=$BUILD_DIR/load/$stage
mkdir -p "$out"
# The * is quoted for a shell, not for ab.
command=(ab -k -c "$clients" -n "$requests" -e "$out/percentiles.csv" "${url:-$SERVICE_URL}/v1/leftpad/?str=test&len=50&chr=*")
step "Loading $stage: $requests requests, $clients at a time"
show_command "${command[@]}"
temp_dir
report=$TEMP_DIR/ab.txt # an ab that fails leaves the earlier report
"${command[@]}" >"$report" 2>"$out/ab-progress.txt" &
wait "$!" || die "$(tail -n 1 "$out/ab-progress.txt")" "ab could not load ${url:-$SERVICE_URL}" \
  "Is the service running? Start it: make run STAGE=$stage"
mv -- "$report" "$out/ab.txt"
python_module compare.ab "$out/ab.txt" "$out/percentiles.csv"
[[ -n $url ]] || stop_service
result_at "$out/ab.txt"
next_command make profile-cpu "STAGE=$stage"
