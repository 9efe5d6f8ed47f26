# shellcheck shell=bash
# Stages and what is built of them. A stage is a directory v[0-9]*-* with a CMakeLists.txt.
# Sourced by lib.sh.
# shellcheck disable=SC2034  # the names set here are read by the scripts that source this file

readonly STAGE_PATTERN='^v[0-9]+-[a-z0-9]([a-z0-9-]*[a-z0-9])?$'

stage_names() {
  local file
  for file in "$REPO_ROOT"/v[0-9]*-*/CMakeLists.txt; do
    [[ -f $file ]] || continue
    file=${file%/CMakeLists.txt}
    printf '%s\n' "${file##*/}"
  done
}

# nearest_stage NAME: the stage with the smallest edit distance, if it is near enough to be meant.
nearest_stage() {
  stage_names | awk -v want="$1" '
    function min(a, b) { return a < b ? a : b }
    function distance(a, b,   i, j, row, cost) {
      for (j = 0; j <= length(b); j++) row[0, j] = j
      for (i = 1; i <= length(a); i++) {
        row[i, 0] = i
        for (j = 1; j <= length(b); j++) {
          cost = substr(a, i, 1) != substr(b, j, 1)
          row[i, j] = min(row[i-1, j-1] + cost, min(row[i-1, j], row[i, j-1]) + 1)
        }
      }
      return row[length(a), length(b)]
    }
    { d = index($0, want) ? 0.5 : distance(want, $0)
      if (NR == 1 || d < best) { best = d; name = $0 } }
    END { if (NR && best <= length(name) / 2) print name }'
}

# need_stage NAME: dies with the list of stages and the nearest one.
need_stage() {
  local name known near
  known=$(stage_names)
  while IFS= read -r name; do
    [[ $name != "$1" ]] || return 0
  done <<<"$known"
  near=$(nearest_stage "$1")
  die "stage '$1'" "no such stage; there are: ${known//$'\n'/, }" \
    "${near:+Did you mean $near? }A new one: make stage NAME=v3-mine FROM=v1-naive"
}

# need_binary KIND STAGE: sets BINARY to build/bin/KIND-STAGE.
need_binary() {
  need_stage "$2"
  BINARY=$BUILD_DIR/bin/$1-$2
  [[ -x $BINARY ]] || die "build/bin/$1-$2" 'this program is not built' 'Run: make build'
}
