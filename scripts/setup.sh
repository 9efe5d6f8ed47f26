#!/usr/bin/env bash
# Installs what the workshop needs: Debian packages (packages.txt), pprof, which is built from one of them, and the
# JavaScript libraries of the pages (report/libraries.sh).
# Called by the Makefile before everything else and by hand; silent and fast when nothing is missing.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly TOOLS_DIR=$BUILD_DIR/tools

usage() {
  cat <<'TEXT'
Usage: scripts/setup.sh [--check] [GROUP…]

Installs the Debian packages of the groups (build, run, test, docs; default: all), builds
build/tools/pprof and installs the JavaScript libraries of the pages (both group run).
Needs root, or sudo. Does nothing, silently, when all is there.

  --check   only list what is missing; exit 1 if something is
  --help    this text

Example: make setup        (or: scripts/setup.sh build run)
TEXT
}

# packages_of GROUP…: lines "package|command" ("package|" if no command will do instead).
packages_of() {
  awk -v groups=" $* " '
    { sub(/[ \t]*#.*/, "") }
    /^\[/ { wanted = index(groups, " " substr($1, 2, length($1) - 2) " "); next }
    NF && wanted { print index($1, "|") ? $1 : $1 "|" }' "$SCRIPTS_DIR/packages.txt"
}

# missing_packages GROUP…: the packages that are neither installed nor replaced by a command.
missing_packages() {
  local installed package command
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null)
  while IFS='|' read -r package command; do
    [[ $'\n'$installed$'\n' == *$'\n'"installed $package"$'\n'* ]] && continue
    [[ -n $command ]] && command -v "$command" >/dev/null && continue
    printf '%s\n' "$package"
  done < <(packages_of "$@")
}

has_group() { [[ " ${GROUPS_WANTED[*]} " == *" $1 "* ]]; }
pprof_missing() { has_group run && [[ ! -x $TOOLS_DIR/pprof ]]; }
libraries_missing() { has_group run && ! "$SCRIPTS_DIR/report/libraries.sh" --check >/dev/null; }

# list_missing PACKAGE…: what is missing and the command that installs it, for people and logs.
list_missing() {
  local package
  if (($#)); then
    printf 'Missing Debian packages:\n'
    for package in "$@"; do
      awk -v p="$package" '{ split($1, n, "|") } n[1] == p { sub(/^[^#]*# */, ""); printf "  %-32s %s\n", p, $0 }' \
        "$SCRIPTS_DIR/packages.txt"
    done
    printf 'Install them with network access, as root:\n  apt-get update && apt-get install -y --no-install-recommends %s\n' "$*"
  fi
  ! pprof_missing || printf 'Missing: build/tools/pprof (built by make setup from the packages above, offline)\n'
  ! libraries_missing || "$SCRIPTS_DIR/report/libraries.sh" --check || true
}

# as_root COMMAND…: runs it as root; dies with the list of what is missing if there is no way to.
as_root() {
  if ((EUID == 0)); then
    run "$@"
  elif command -v sudo >/dev/null && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
    run sudo "$@"
  else
    list_missing "${MISSING[@]}" >&2
    die "user $(id -un)" 'installing packages needs root, or sudo that asks no password when there is no terminal' \
      'Run the command above as root, then this one again'
  fi
}

install_packages() {
  local limits=(-o Dpkg::Use-Pty=0 -o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o DPkg::Lock::Timeout=120)
  step "Installing ${#MISSING[@]} Debian packages"
  as_root apt-get update -q "${limits[@]}" || warn 'the package lists could not be renewed; trying with the old ones'
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${limits[@]}" "${MISSING[@]}" && return
  mapfile -t MISSING < <(missing_packages "${GROUPS_WANTED[@]}")
  list_missing "${MISSING[@]}" >&2
  die 'apt-get install' 'it failed (see above): no network, or a broken package source' \
    'Mend that, then run: make setup'
}

# Debian's Go packages hold all sources, so this needs no network.
build_pprof() {
  step 'Building build/tools/pprof'
  mkdir -p "$TOOLS_DIR"
  temp_dir
  export GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS='' GOCACHE=$TEMP_DIR
  printf '%s\n' "$ export GO111MODULE=off GOPATH=/usr/share/gocode"
  run_watched go build -o "$TOOLS_DIR/pprof" github.com/google/pprof ||
    die 'go build' 'pprof did not build' 'See the compiler output above; packages: golang-go golang-github-google-pprof-dev'
}

GROUPS_WANTED=()
check_only=0
while (($#)); do
  case $1 in
    --help) usage; exit 0 ;;
    --check) check_only=1 ;;
    build | run | test | docs) GROUPS_WANTED+=("$1") ;;
    *) usage_error "$1" 'neither an option nor a group (build, run, test, docs)' ;;
  esac
  shift
done
((${#GROUPS_WANTED[@]})) || GROUPS_WANTED=(build run test docs)

need_tool dpkg-query 'dpkg: the workshop is made for Debian 12'
mapfile -t MISSING < <(missing_packages "${GROUPS_WANTED[@]}")
if ((${#MISSING[@]} == 0)) && ! pprof_missing && ! libraries_missing; then
  exit 0
fi
if ((check_only)); then
  list_missing ${MISSING[@]+"${MISSING[@]}"}
  exit 1
fi
((${#MISSING[@]} == 0)) || install_packages
! pprof_missing || build_pprof
# Without them the pages lack their plots and flame graphs; everything else works.
! libraries_missing || "$SCRIPTS_DIR/report/libraries.sh" || warn 'no plots and flame graphs until that is mended'
printf 'Installed. To check this machine as well: make doctor\n'
