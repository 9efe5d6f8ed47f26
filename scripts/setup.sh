#!/usr/bin/env bash
# Usage: scripts/setup.sh [--check] [GROUP…]
#
# Installs the packages of the groups (build run graphs heaptrack labs test docs elsewhere;
# default: all but the last) and builds pprof (group run). Needs root, or sudo. Does nothing, silently, when all is there.
#
#   --check   only list what is missing; exit 1 if something is
#
# WORKSHOP_TOOLS   where pprof is built (default build/tools)
#
# Example: make setup        (or: scripts/setup.sh build run)
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The last one only where it is asked for.
readonly ALL_GROUPS='build run graphs heaptrack labs test docs elsewhere'

# packages_of GROUP…: lines "package[/package…]|command" ("…|" if no command will do instead).
packages_of() {
  awk -v groups=" $* " '
    { sub(/[ \t]*#.*/, "") }
    /^\[/ { wanted = index(groups, " " substr($1, 2, length($1) - 2) " "); next }
    NF && wanted && !seen[$1]++ { print index($1, "|") ? $1 : $1 "|" }' "$SCRIPTS_DIR/packages.txt"
}

# missing_packages GROUP…: what is neither installed nor replaced by a command; alternatives stay "a/b".
missing_packages() {
  local installed packages command package
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null)
  while IFS='|' read -r packages command; do
    for package in ${packages//\// }; do
      [[ $'\n'$installed$'\n' != *$'\n'"installed $package"$'\n'* ]] || continue 2
    done
    [[ -n $command ]] && command -v "$command" >/dev/null && continue
    printf '%s\n' "$packages"
  done < <(packages_of "$@")
}

pprof_missing() { [[ " ${wanted[*]} " == *' run '* && ! -x $TOOLS_DIR/pprof ]]; }

# list_missing PACKAGE…: each with its reason, and the command that installs them, for people and logs.
list_missing() {
  local package
  if (($#)); then
    printf 'Missing Debian packages:\n'
    for package in "$@"; do
      awk -v p="$package" '{ split($1, n, "|") } n[1] == p { sub(/^[^#]*# */, ""); printf "  %-32s %s\n", p, $0; exit }' \
        "$SCRIPTS_DIR/packages.txt"
    done
    printf 'Install them with network access, as root:\n  apt-get update && apt-get install -y --no-install-recommends %s\n' \
      "${*%%/*}"
  fi
  ! pprof_missing || printf 'Missing: pprof (built by make setup from the packages above, offline)\n'
}

# as_root COMMAND…: runs it as root, its output also to LOG; dies with the list of what is missing if there is no way to.
as_root() {
  local sudo=()
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null || { [[ ! -t 0 ]] && ! sudo -n true 2>/dev/null; }; then
      list_missing "${missing[@]}" >&2
      die "user $(id -un)" 'installing packages needs root, or sudo that asks no password when there is no terminal' \
        'Run the command above as root, then this one again'
    fi
    sudo=(sudo)
  fi
  run ${sudo[@]+"${sudo[@]}"} "$@" 2>&1 | tee -a "$LOG"
}

said() { grep -qE "$1" "$LOG"; }

# explain_failure COMMAND: apt's own words are above; what they mean, if that is known, and what to do.
explain_failure() {
  local again='then type your command again'
  if said 'No space left on device|enough free space in'; then
    die 'the disk' "$1 found no space left ($(df -h --output=avail /var | tail -n 1 | tr -d ' ') free below /var)" \
      "Make room (the packages of all commands take 2 GB), $again"
  elif said 'Could not get lock'; then
    die "$1" 'another program installs packages and holds its lock' "Wait until it is done, $again"
  elif said 'Could not resolve|Temporary failure|Could not connect|Cannot initiate|Connection (refused|failed|timed out)|unreachable'; then
    die "$1" 'the package source cannot be reached (see above)' "Connect this machine or name a mirror in /etc/apt, $again"
  fi
  die "$1" 'it failed; its reason is above' "Remove the reason, $again"
}

# choose_names: sets NAMES to what this release calls the missing packages; dies if it has none of the names.
choose_names() {
  local alternatives name unknown=()
  NAMES=()
  for alternatives in "${missing[@]}"; do
    for name in ${alternatives//\// }; do
      apt-cache show "$name" >/dev/null 2>&1 && NAMES+=("$name") && continue 2
    done
    unknown+=("$alternatives")
  done
  ((${#unknown[@]})) || return 0
  ((${#unknown[@]} < ${#missing[@]})) || explain_failure 'apt-get update'
  die "${unknown[*]}" "$(system_name) has no package of that name" \
    'Install the program in another way, or correct its line in scripts/packages.txt'
}

install_packages() {
  local limits=(-o Dpkg::Use-Pty=0 -o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o DPkg::Lock::Timeout=120)
  step "Installing ${#missing[@]} Debian packages (groups: ${wanted[*]})"
  as_root apt-get update -q -o APT::Update::Error-Mode=any "${limits[@]}" ||
    warn 'not every package list could be renewed; trying with the old ones'
  choose_names
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${limits[@]}" "${NAMES[@]}" ||
    explain_failure 'apt-get install'
  rm -f "$BUILD_DIR/build.ninja" # CMake looks again for what it did not find
}

# Debian's Go packages hold all sources, so this needs no network.
build_pprof() {
  step "Building ${TOOLS_DIR#"$REPO_ROOT"/}/pprof"
  mkdir -p "$TOOLS_DIR"
  export GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS='' GOCACHE=$TEMP_DIR/go
  printf '%s\n' "$ export GO111MODULE=off GOPATH=/usr/share/gocode"
  run_watched go build -o "$TOOLS_DIR/pprof" github.com/google/pprof ||
    die 'go build' 'pprof did not build' 'See the compiler output above; packages: golang-go golang-github-google-pprof-dev'
}

wanted=() missing=() check_only=0
while (($#)); do
  case $1 in
    --check) check_only=1 ;;
    *) [[ " $ALL_GROUPS " == *" $1 "* ]] || usage_error "$1" "neither an option nor a group (${ALL_GROUPS// /, })"
       wanted+=("$1") ;;
  esac
  shift
done
# shellcheck disable=SC2206  # words
((${#wanted[@]})) || wanted=(${ALL_GROUPS% *})

command -v dpkg-query >/dev/null || unsupported_system
while IFS= read -r package; do missing+=("$package"); done < <(missing_packages "${wanted[@]}")
if ((${#missing[@]} == 0)) && ! pprof_missing; then exit 0; fi
if ((check_only)); then
  list_missing ${missing[@]+"${missing[@]}"}
  exit 1
fi
system_is_supported || unsupported_system
TEMP_DIR=$(mktemp -d "${TMPDIR:-/tmp}/leftpad.XXXXXX")
LOG=$TEMP_DIR/apt.txt
((${#missing[@]} == 0)) || install_packages
! pprof_missing || build_pprof
printf 'Installed. To check this machine as well: make doctor\n'
