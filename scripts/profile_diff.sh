#!/usr/bin/env bash
# Compares two captures of the same kind: pprof's -diff_base, and a flame graph of the difference.
# Called by `make profile-diff` and by hand.

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
Usage: scripts/profile_diff.sh [OLD [NEW]] [--kind KIND] [--seconds N] [--out DIR]

Prints what NEW has more (+) and less (-) than OLD; writes the call graph and the flame graph of the
difference to build/profiles/diff/OLD/NEW/. A stage whose capture is missing or older than its program
is captured first. The flame graph counts per request, since the faster stage serves more of them.

  OLD, NEW      stages, or captures (FILE.pb.gz); default v1-naive and v2-optimized
  --kind KIND   cpu, heap, allocs, mutex, block, threads or wall (default cpu)
  --seconds N   how long to capture, if need be (default: that of profile.sh)
  --out DIR     where results go (default build/profiles/diff/OLD/NEW)
  --help        this text

Example: make profile-diff OLD=v1-naive NEW=v2-optimized KIND=allocs
TEXT
}

sides=() kind=cpu limits=() out=''
while (($#)); do
  case $1 in
    --help) usage; exit 0 ;;
    --kind) need_value "$1" $#; kind=$2; shift 2 ;;
    --seconds) need_value "$1" $#; need_number "$1" "$2"; limits=("$1" "$2"); shift 2 ;;
    --out) need_value "$1" $#; out=$2; shift 2 ;;
    -*) usage_error "$1" 'unknown option' ;;
    *) sides+=("$1"); shift ;;
  esac
done
((${#sides[@]} <= 2)) || usage_error "${sides[*]}" 'two captures can be compared'
profiles=${KINDS% trace}
[[ " $profiles " == *" $kind "* ]] || usage_error "--kind $kind" "pprof compares profiles: it must be one of ${profiles// /, }"
set_kind "$kind"
old=${sides[0]:-v1-naive} new=${sides[1]:-v2-optimized}
need_tool "$PYTHON" python3
need_pprof

# use_capture STAGE_OR_FILE: sets CAPTURED to the file and NAME to what to call it; captures if need be.
use_capture() {
  if [[ $1 == *.pb.gz ]]; then
    [[ -f $1 ]] || die "$1" 'there is no such file' "Capture it: make profile-$KIND"
    CAPTURED=$1 NAME=$(basename "$1" .pb.gz)
    [[ $NAME != "$KIND" ]] || NAME=$(basename "$(dirname "$(realpath "$1")")")
    return
  fi
  need_binary leftpad "$1"
  CAPTURED=$BUILD_DIR/profiles/$1/$KIND.pb.gz NAME=$1
  [[ ! $CAPTURED -nt $BINARY ]] || return 0
  run_watched "$SCRIPTS_DIR/profile.sh" "$KIND" "$1" ${limits[@]+"${limits[@]}"} >"$CAPTURE_LOG" ||
    die "profile.sh $KIND $1" 'the capture failed (see above)' "Run it alone: make profile-$KIND STAGE=$1"
  grep -E '^==>|^\$ (build/bin|ab|curl|export) |^Load' "$CAPTURE_LOG" || true
}

# need_values FILE: dies unless the profile that read_raw read has the values that set_kind chose.
need_values() {
  awk -v wanted="$SAMPLE_INDEX/" '/^Samples:/ { getline; exit !index(" " $0, " " wanted) }' "$RAW" ||
    usage_error "$1" "it holds no values of the kind $KIND: give its own with --kind"
}

# requests_of FILE: how many requests were served during the capture; 0 if nobody knows.
requests_of() {
  local about=${1%.pb.gz}.about.json
  [[ -f $about ]] || { echo 0; return; }
  "$PYTHON" -c 'import json, sys; print(json.load(open(sys.argv[1])).get("requests", 0))' "$about"
}

temp_dir
CAPTURE_LOG=$TEMP_DIR/capture.txt
use_capture "$old"
old_file=$CAPTURED old_name=$NAME
use_capture "$new"
new_file=$CAPTURED new_name=$NAME
out=${out:-$BUILD_DIR/profiles/diff/$old_name/$new_name}
prefix=$out/$KIND

read_raw "$old_file"
need_values "$old_file"
old_raw=$RAW old_empty=0
read_raw "$new_file"
need_values "$new_file"
new_raw=$RAW new_empty=0
! is_empty "$old_raw" || old_empty=1
! is_empty "$new_raw" || new_empty=1
((old_empty + new_empty < 2)) || die "$KIND of both" "the profiles are empty: $EMPTY_REASON" 'Capture for longer: SECONDS=30'

mkdir -p "$out"
rm -f -- "$prefix".{svg,folded,flame.html,top.txt}
step "Comparing $KIND ($KIND_WHAT): $old_name, then $new_name"
((!old_empty)) || printf 'The profile of %s is empty: %s.\n' "$old_name" "$EMPTY_REASON"
((!new_empty)) || printf 'The profile of %s is empty: %s.\n' "$new_name" "$EMPTY_REASON"
# No program is given: pprof would use it for both sides.
command=("${PPROF[@]}" -sample_index="$SAMPLE_INDEX" -diff_base="$old_file")
run "${command[@]}" -top -nodecount="$TOP_NODES" "$new_file" 2>&1 | tee "$prefix.top.txt"
printf '\nThe same, only functions written in a stage; what they call counts as theirs:\n'
run "${command[@]}" -top -show='/v[0-9][^/]*-[^/]*/' -nodecount="$TOP_NODES" "$new_file" 2>&1 | without_header
printf '\n'
run_quietly "${command[@]}" -svg -output="$prefix.svg" "$new_file"

old_requests=$(requests_of "$old_file") new_requests=$(requests_of "$new_file")
[[ $old_requests == 0 || $new_requests == 0 ]] ||
  printf 'Requests in the captures: %s %s, %s %s. The flame graph counts per request, pprof in all.\n' \
    "$old_name" "$old_requests" "$new_name" "$new_requests"
python_module profiles.flame "$new_raw" --base "$old_raw" --sample-index "$SAMPLE_INDEX" --unit "$UNIT_NAME" \
  --names "$old_name" "$new_name" --requests "$old_requests" "$new_requests" \
  --title "$KIND_WHAT: $old_name against $new_name" --folded "$prefix.folded" --page "$prefix.flame.html" ||
  warn 'there is no flame graph (see above)'

printf '\n'
result_at "$prefix.svg"
also_at "$prefix.flame.html" 'flame graph of the difference: open it in a browser'
next_command "$(quoted "${command[@]}" -http=127.0.0.1:8888 "$new_file")"
