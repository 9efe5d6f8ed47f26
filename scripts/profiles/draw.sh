# shellcheck shell=bash
# Shows a captured profile: top, call graph, flame graph, what to type next. Sourced by the scripts that profile.

readonly TOP_NODES=15

# forget_capture PREFIX: results of an earlier capture must not pass for this one's.
forget_capture() { rm -f -- "$1".{pb.gz,json,svg,folded,flame.html,top.txt,about.json}; }

# record_capture PREFIX STAGE SECONDS: what was captured, beside the capture. Needs RAW for kinds that add up.
record_capture() {
  local counted=()
  [[ ! $KIND =~ ^(cpu|allocs|mutex|block)$ ]] || counted=(--raw "$RAW" --log "${SERVICE_LOG%/*}/requests.log")
  python_module profiles.record "$1.about.json" stage="$2" kind="$KIND" seconds="$3" \
    requests_per_second="$REQUESTS_PER_SECOND" ${counted[@]+"${counted[@]}"}
}

# read_raw FILE: sets RAW to a file with what pprof -raw says of a profile, its time in UTC.
read_raw() {
  temp_dir
  RAW=$TEMP_DIR/raw.txt
  TZ=UTC "${PPROF[@]}" -raw "$1" >"$RAW" 2>"$TEMP_DIR/pprof.txt" ||
    die "$(tail -n 1 "$TEMP_DIR/pprof.txt")" "pprof cannot read ${1#"$REPO_ROOT"/}" 'Capture it again'
}

# is_empty RAW: true if there is no sample in it.
is_empty() { awk '/^Locations/ { exit } /^ *-?[0-9]+( +-?[0-9]+)*: [0-9]/ { found = 1; exit } END { exit found }' "$1"; }

# show_profile PREFIX STAGE: PREFIX.pb.gz on the terminal and as pictures.
show_profile() {
  local prefix=$1 stage=$2 own=${OWN_CODE/STAGE/$2}
  if is_empty "$RAW"; then
    printf 'The profile is empty: %s.\n' "$EMPTY_REASON"
    printf 'Capture for longer or with more clients: scripts/profile.sh %s %s --seconds 30 -c 32\n' "$KIND" "$stage"
    result_at "$prefix.pb.gz"
    return
  fi
  run "${PPROF[@]}" -top -nodecount="$TOP_NODES" -sample_index="$SAMPLE_INDEX" "$prefix.pb.gz" 2>&1 | tee "$prefix.top.txt"
  printf '\nThe same, only functions written in %s/; what they call counts as theirs:\n' "$own"
  run "${PPROF[@]}" -top -show="/$own/" -nodecount="$TOP_NODES" -sample_index="$SAMPLE_INDEX" "$prefix.pb.gz" 2>&1 |
    without_header
  printf '\n'
  run_quietly "${PPROF[@]}" -svg -sample_index="$SAMPLE_INDEX" -output="$prefix.svg" "$prefix.pb.gz"
  python_module profiles.flame "$RAW" --sample-index "$SAMPLE_INDEX" --title "$stage: $KIND_WHAT" --unit "$UNIT_NAME" \
    --folded "$prefix.folded" --page "$prefix.flame.html" ||
    warn 'there is no flame graph (see above)'
  printf '\n'
  result_at "$prefix.pb.gz"
  also_at "$prefix.svg" 'call graph'
  also_at "$prefix.flame.html" 'flame graph: open it in a browser'
  also_at "$prefix.folded" 'folded stacks'
  next_command "make profile-diff KIND=$KIND"
  kind_hints "$stage" "$prefix.pb.gz"
}

# also_at FILE WHAT: one more result, if it was made.
also_at() { [[ ! -f $1 ]] || printf '        %-48s # %s\n' "${1#"$REPO_ROOT"/}" "$2"; }

# run_quietly COMMAND…: as run, without pprof's progress messages.
run_quietly() { run "$@" 2> >(grep -v '^Generating report' >&2 || true); }

# Without what the first table said already.
without_header() { sed -E '/^(File|Build ID|Type|Time|Duration|Active filters|left out|   show=)/d'; }

# show_trace FILE: the longest spans, and how to see all of them.
show_trace() {
  python_module profiles.trace "$1"
  printf '\n'
  result_at "$1"
  printf '        Open it: https://ui.perfetto.dev (Open trace file) or https://www.speedscope.app;\n'
  printf '        both read it in the browser and send it nowhere.\n'
  next_command "make profile-wall STAGE=$STAGE"
}
