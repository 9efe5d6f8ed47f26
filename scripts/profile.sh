#!/usr/bin/env bash
# Captures one profile of a stage under load, through HTTP, and draws it. Called by `make profile-*` and by hand.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/profiles/kinds.sh
. "$SCRIPTS_DIR/profiles/kinds.sh"
# shellcheck source=scripts/profiles/capture.sh
. "$SCRIPTS_DIR/profiles/capture.sh"
# shellcheck source=scripts/profiles/draw.sh
. "$SCRIPTS_DIR/profiles/draw.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/profile.sh KIND STAGE [--seconds N] [-c CLIENTS] [--out DIR] [-- SERVICE OPTION…]

Starts the service of the stage on free ports, loads it with ab, captures a profile from /debug/pprof/ and
ends both. Prints pprof's top; writes the profile, its call graph and its flame graph to
build/profiles/STAGE/. KIND is one of

  cpu       CPU time by stack              mutex    waiting caused, charged to the lock's holder
  heap      memory in use                  block    waiting suffered, charged to who waits
  allocs    allocated objects and bytes    wall     real time of all threads, waiting included
  threads   where every thread is now      trace    requests and lock waits on a time line

  --seconds N   how long to capture (default 10; heap 5, threads and trace 1)
  -c CLIENTS    how many requests at a time (default 8)
  --out DIR     where results go (default build/profiles/STAGE)
  --help        this text

Example: make profile-cpu STAGE=v1-naive SECONDS=5        (or: scripts/profile.sh cpu v1-naive --seconds 5)
TEXT
}

case ${1-} in
  --help) usage; exit 0 ;;
  '' | -*) usage_error "${1:-nothing}" 'the first argument must be a kind of profile' ;;
esac
set_kind "$1"
shift
[[ ${1-} != --help ]] || { usage; exit 0; }
need_stage_argument second "${1-}"
stage=$1
shift
seconds=$SECONDS_DEFAULT clients=8 out=$BUILD_DIR/profiles/$stage
while (($#)); do
  case $1 in
    --help) usage; exit 0 ;;
    --seconds) need_value "$1" $#; need_number "$1" "$2"; seconds=$2; shift 2 ;;
    -c) need_value "$1" $#; need_number "$1" "$2"; clients=$2; shift 2 ;;
    --out) need_value "$1" $#; out=$2; shift 2 ;;
    --) shift; break ;;
    *) usage_error "$1" 'unknown option' ;;
  esac
done
((seconds <= MAX_SECONDS)) || usage_error "--seconds $seconds" "the service captures for at most $MAX_SECONDS seconds"

need_binary leftpad "$stage"
need_tool ab apache2-utils
need_tool curl curl
need_tool "$PYTHON" python3
[[ $KIND == trace ]] || need_pprof

mkdir -p "$out"
sample_more
step "Capturing $KIND of $stage ($KIND_WHAT): $seconds s under load"
temp_dir
captured=$TEMP_DIR/$KIND.$EXTENSION
take_capture "$stage" "$seconds" "$clients" "$captured" "$@"
[[ $KIND == trace ]] || read_raw "$captured"
# Only now: a capture that fails or is interrupted leaves the earlier one as it is.
forget_capture "$out/$KIND"
mv -- "$captured" "$out/"
record_capture "$out/$KIND" "$stage" "$seconds"

if [[ $KIND == trace ]]; then
  show_trace "$out/trace.json"
else
  show_profile "$out/$KIND" "$stage"
fi
