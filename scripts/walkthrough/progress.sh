# shellcheck shell=bash
# Which steps there are, which are finished, how long the rest takes. Sourced by walkthrough.sh.
# A finished step leaves STATE_DIR/ID.done: the fingerprint of its programs and command, and its seconds.
# shellcheck disable=SC2034  # the names set here are read by walkthrough.sh

STEP_IDS=() STEP_SECONDS=() STEP_INPUTS=() STEP_RESULTS=() STEP_TITLES=() STEP_NOTES=() STEP_COMMANDS=()
declare -A SUMS=()

# add ID SECONDS PROGRAMS RESULT TITLE NOTE COMMAND…: SECONDS is an estimate; PROGRAMS are names in build/bin;
# RESULT a file below build/, or nothing. A step without programs is always run.
add() {
  STEP_IDS+=("$1") STEP_SECONDS+=("$2") STEP_INPUTS+=("$3") STEP_RESULTS+=("$4") STEP_TITLES+=("$5") STEP_NOTES+=("$6")
  shift 6
  STEP_COMMANDS+=("$(printf '%q ' "$@")")
}

# fingerprint STEP: sets FINGERPRINT; the same for the same programs and command.
fingerprint() {
  local program
  FINGERPRINT=${STEP_COMMANDS[$1]}
  for program in ${STEP_INPUTS[$1]}; do
    [[ -n ${SUMS[$program]-} ]] || SUMS[$program]=$(sha256sum <"$BUILD_DIR/bin/$program")
    FINGERPRINT+=" $program=${SUMS[$program]%% *}"
  done
}

is_done() {
  local file=$STATE_DIR/${STEP_IDS[$1]}.done
  [[ -n ${STEP_INPUTS[$1]} && -f $file ]] || return 1
  [[ -z ${STEP_RESULTS[$1]} || -e $BUILD_DIR/${STEP_RESULTS[$1]} ]] || return 1
  fingerprint "$1"
  [[ $(head -n 1 "$file") == "$FINGERPRINT" ]]
}

# mark_done STEP SECONDS
mark_done() {
  fingerprint "$1"
  printf '%s\n%s\n' "$FINGERPRINT" "$2" >"$STATE_DIR/${STEP_IDS[$1]}.done"
}

# seconds_of STEP: how long it took last time here, or the estimate.
seconds_of() {
  local file=$STATE_DIR/${STEP_IDS[$1]}.done
  if [[ -f $file ]]; then sed -n 2p "$file"; else printf '%s\n' "${STEP_SECONDS[$1]}"; fi
}

# time_left STEP: the sum over this and all later unfinished steps, as 4 min 10 s.
time_left() {
  local i total=0
  for ((i = $1; i < ${#STEP_IDS[@]}; i++)); do
    is_done "$i" || total=$((total + $(seconds_of "$i")))
  done
  if ((total >= 60)); then printf '%d min %02d s' $((total / 60)) $((total % 60)); else printf '%d s' "$total"; fi
}

number_of() { printf '[%d/%d]' $(($1 + 1)) "${#STEP_IDS[@]}"; }

announce() {
  printf '\n%s %s  (%s)\n' "$(paint 1 '1;34' "$(number_of "$1")")" "$(paint 1 1 "${STEP_TITLES[$1]}")" "about $(time_left "$1") left"
  printf '%s\n' "${STEP_NOTES[$1]}"
}

announce_done() {
  local result=${STEP_RESULTS[$1]}
  printf '%s %s: done before%s\n' "$(number_of "$1")" "${STEP_TITLES[$1]}" "${result:+, see build/$result}"
}

list_steps() {
  local i mark
  for ((i = 0; i < ${#STEP_IDS[@]}; i++)); do
    mark=' '
    ! is_done "$i" || mark=x
    printf '[%s] %2d %-45s %4s s\n' "$mark" $((i + 1)) "${STEP_TITLES[$i]}" "$(seconds_of "$i")"
  done
  printf 'Left: about %s\n' "$(time_left 0)"
}

run_step() { eval "${STEP_COMMANDS[$1]}"; }

# forget_steps_of FILE: the steps of the make commands in it, one a line, will be run again, and those that read their results.
forget_steps_of() {
  local command id
  while read -r _ command; do
    id=${command#profile-}
    rm -f -- "$STATE_DIR/$id.done" "$STATE_DIR/$id-old.done" "$STATE_DIR/$id-new.done"
    [[ $id != cpu ]] || rm -f -- "$STATE_DIR"/{list,disasm,diff}.done
  done <"$1"
}

# give_up STEP STATUS: a signal's status is passed on, anything else is an error.
give_up() {
  (($2 < 128)) || exit "$2"
  die "step $(($1 + 1)), ${STEP_TITLES[$1]}" "it failed with exit status $2 (see above)" \
    'When that is mended, go on from here: make walkthrough'
}
