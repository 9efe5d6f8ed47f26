# shellcheck shell=bash
# Strict mode, messages, checks of tools and stages, and clean-up for the scripts.
# Sourced by every script in this folder; defines functions and read-only paths, runs no tool.
# Plain bash and awk: it works on a Debian that has only git and make.
# shellcheck disable=SC2034  # the names set here are read by the scripts that source this file

set -euo pipefail

REPO_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SCRIPTS_DIR=$REPO_ROOT/scripts
BUILD_DIR=$REPO_ROOT/build
# Where pprof stands: in the tree, or where a mounted tree does not hide it.
TOOLS_DIR=${WORKSHOP_TOOLS:-$BUILD_DIR/tools}
# Debian's own Python: the first python3 on PATH may lack Debian's modules.
PYTHON=/usr/bin/python3
readonly REPO_ROOT SCRIPTS_DIR BUILD_DIR TOOLS_DIR PYTHON

readonly STOP_TIMEOUT_SECONDS=5

# --- messages -------------------------------------------------------------------------------------

# COLOUR[FD] is set if FD is a terminal and NO_COLOR is unset or empty. Found once: $(…) is no terminal.
COLOUR=()
if [[ -z ${NO_COLOR-} && ${TERM-dumb} != dumb ]]; then
  [[ ! -t 1 ]] || COLOUR[1]=yes
  [[ ! -t 2 ]] || COLOUR[2]=yes
fi

# paint FD SGR TEXT: TEXT, coloured if FD takes colour.
paint() {
  if [[ ${COLOUR[$1]-} ]]; then printf '\033[%sm%s\033[0m' "$2" "$3"; else printf '%s' "$3"; fi
}

step() { printf '%s %s\n' "$(paint 1 '1;34' '==>')" "$*"; }
warn() { printf '%s %s\n' "$(paint 2 '1;33' 'warning:')" "$*" >&2; }

# die VALUE RULE REMEDY: one line that names what was met, what is required and what to do; exit 1.
die() {
  printf '%s %s: %s. %s\n' "$(paint 2 '1;31' 'error:')" "$1" "$2" "$3" >&2
  exit 1
}

# usage_error VALUE RULE: as die, for a wrong command line; exit 2.
usage_error() {
  printf '%s %s: %s. Try %s --help\n' "$(paint 2 '1;31' 'error:')" "$1" "$2" "$0" >&2
  exit 2
}

# at_most N ARG…: dies if there are more than N arguments.
at_most() {
  local extra=${*:$1+2:1}
  [[ $extra != -* ]] || usage_error "$extra" 'unknown option'
  (($# <= $1 + 1)) || usage_error "$extra" 'one argument too many'
}

# --help: the comment at the top of the script.
if [[ ${1-} == --help ]]; then
  at_most 1 "$@"
  sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$0"
  exit 0
fi

result_at() { printf 'Result: %s\n' "${1#"$REPO_ROOT"/}"; }
# Silent inside `make walkthrough`, which has the next command itself.
next_command() { [[ -n ${WALKTHROUGH-} ]] || printf 'Next:   %s\n' "$(paint 1 1 "$*")"; }

# quoted ARG…: the words as a learner would type them.
quoted() {
  local word words=()
  for word in "$@"; do
    word=${word//"$REPO_ROOT"\//}
    if [[ $word =~ ^[A-Za-z0-9_./:=@%+,-]+$ ]]; then words+=("$word"); else words+=("'${word//\'/\'\\\'\'}'"); fi
  done
  printf '%s' "${words[*]}"
}

show_command() { printf '%s\n' "$(paint 1 36 "\$ $(quoted "$@")")"; }

# run COMMAND…: prints the command, then runs it in the foreground.
run() {
  show_command "$@"
  "$@"
}

# run_watched COMMAND…: as run, but a signal to this script ends the command at once.
run_watched() {
  show_command "$@"
  "$@" &
  wait "$!"
}

# --- the system ----------------------------------------------------------------------------------

readonly SUPPORTED='Debian 12 and 13 and Ubuntu 24.04, on amd64 and arm64'

# os_field NAME: a field of /etc/os-release (OS_RELEASE: another file, for tests); nothing where there is none.
os_field() { sed -n "s/^$1=//p" "${OS_RELEASE:-/etc/os-release}" 2>/dev/null | tr -d '"'; }

# is_wsl_1: its kernel is an imitation without timers that count a thread's time; WSL 2 is Linux itself.
is_wsl_1() { [[ $(uname -r) == 4.4.*-Microsoft ]]; }

system_name() {
  local name
  name=$(os_field PRETTY_NAME)
  if is_wsl_1; then name="WSL 1 ($name)"; fi
  printf '%s' "${name:-$(uname -s | sed 's/Darwin/macOS/')}"
}

# system_is_supported: by release; a program that is missing or too old is found where it is needed.
system_is_supported() {
  ! is_wsl_1 || return 1
  case $(os_field ID)-$(os_field VERSION_ID) in debian-12 | debian-13 | ubuntu-24.04) return 0 ;; esac
  return 1
}

unsupported_remedy() {
  if is_wsl_1; then printf 'In a Windows terminal: wsl --set-version <distribution> 2'; else
    printf 'Use the container, with Docker or Podman: .devcontainer/run make walkthrough'
  fi
}

unsupported_system() { die "$(system_name)" "the workshop's packages are those of $SUPPORTED" "$(unsupported_remedy)"; }

# --- what must be there ---------------------------------------------------------------------------

# need_tool TOOL PACKAGE
need_tool() {
  command -v "$1" >/dev/null || die "$1" "this program is not installed (Debian package $2)" 'Run: make setup'
}

# need_module MODULE PACKAGE: of Debian's Python.
need_module() {
  "$PYTHON" -c "import $1" 2>/dev/null ||
    die "Python module $1" "$PYTHON does not have it (Debian package $2)" 'Run: make setup'
}

# need_number OPTION VALUE
need_number() { [[ $2 =~ ^[1-9][0-9]{0,8}$ ]] || usage_error "$1 $2" 'the value must be a whole number above 0'; }

# --- stages: directories v[0-9]*-* with a CMakeLists.txt -------------------------------------------

readonly STAGE_PATTERN='^v[0-9]+-[a-z0-9]([a-z0-9-]*[a-z0-9])?$'

# need_stage NAME: dies with the list of stages and, if there is a Python, the nearest one.
need_stage() {
  local known near
  [[ $1 == */* || $1 != v[0-9]*-* || ! -f $REPO_ROOT/$1/CMakeLists.txt ]] || return 0
  known=$(cd "$REPO_ROOT" && printf '%s ' v[0-9]*-*/CMakeLists.txt)
  known=${known//'/CMakeLists.txt'/}
  near=$("$PYTHON" -c 'import difflib, sys
print(*difflib.get_close_matches(sys.argv[1], sys.argv[2].split(), 1))' "$1" "$known" 2>/dev/null) || true
  known=${known% }
  die "stage '$1'" "no such stage; there are: ${known// /, }" \
    "${near:+Did you mean $near? }A new one: make stage NAME=v3-mine FROM=v1-naive"
}

# --- clean-up: what runs in the background, and TEMP_DIR, which a script may make -------------------

clean_up() {
  local pid
  trap '' INT TERM HUP
  # The shell's own list of what runs in the background: complete at any time, and no pid in it is another process's.
  for pid in $(jobs -pr); do
    kill -TERM "$pid" 2>/dev/null || continue
    timeout "$STOP_TIMEOUT_SECONDS" tail -s 0.02 --pid="$pid" -f /dev/null || {
      warn "process $pid did not end within $STOP_TIMEOUT_SECONDS s of SIGTERM; sending SIGKILL"
      kill -KILL "$pid" 2>/dev/null || true
    }
    wait "$pid" 2>/dev/null || true
  done
  [[ -z ${TEMP_DIR-} ]] || rm -rf -- "$TEMP_DIR"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
