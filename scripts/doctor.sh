#!/usr/bin/env bash
# Usage: scripts/doctor.sh
#
# Prints one line for each thing checked: ok, note (works, but less well) or missing, the last two with
# what to do. Exit status 1 if something is missing.
#
# Example: make doctor
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

problems=0
ok() { printf '  %s %s\n' "$(paint 1 32 'ok     ')" "$1"; }

# note TEXT REMEDY: measurements or some tools work less well; missing TEXT REMEDY: something will not work.
note() { printf '  %s %s\n          %s\n' "$(paint 1 33 'note   ')" "$1" "$2"; }
missing() {
  printf '  %s %s\n          %s\n' "$(paint 1 31 'missing')" "$1" "$2"
  problems=$((problems + 1))
}

# first_line FILE DEFAULT
first_line() {
  local line=$2
  [[ ! -r $1 ]] || read -r line <"$1" || true
  printf '%s' "$line"
}

# version_of COMMAND ARG…: the first version number it prints.
version_of() { "$@" 2>&1 | grep -m 1 -oE '[0-9]+\.[0-9][0-9.]*' | head -n 1 || true; }

# check_version NAME MINIMUM REMEDY COMMAND…
check_version() {
  local name=$1 minimum=$2 remedy=$3 found
  shift 3
  command -v "$1" >/dev/null || { missing "$name" "$remedy"; return 0; }
  found=$(version_of "$@")
  if [[ $(printf '%s\n' "$minimum" "$found" | sort -V | head -n 1) == "$minimum" ]]; then
    ok "$name $found"
  else
    missing "$name $found, at least $minimum is needed" "$remedy"
  fi
}

check_system() {
  local machine
  machine=$(uname -m)
  if ! system_is_supported; then
    missing "$(system_name): the workshop's packages are those of $SUPPORTED" "$(unsupported_remedy)"
  elif [[ $machine != x86_64 && $machine != aarch64 ]]; then
    note "$(system_name) on $machine: tried on amd64 and arm64 only" 'Expect profiles with cut stacks'
  else ok "$(system_name), $machine"; fi
  if grep -qi microsoft /proc/version 2>/dev/null && ! is_wsl_1; then
    note 'WSL 2: its clock may run unevenly, which scatters times; counts are right' 'wsl --update'
  fi
}

# The rest comes by itself with the first command that needs it.
check_packages() {
  local list
  if list=$("$SCRIPTS_DIR/setup.sh" --check build run); then ok 'Debian packages and pprof'; else
    missing "${list//$'\n'/$'\n'          }" 'make setup'
  fi
  "$SCRIPTS_DIR/setup.sh" --check >/dev/null ||
    note 'packages of other commands (labs, tests, pages) are not all installed' 'Each installs its own; all at once: make setup'
}

check_tools() {
  check_version 'g++' 12 'apt-get install g++' g++ -dumpfullversion
  check_version 'cmake' 3.25 'apt-get install cmake' cmake --version
  check_version 'go' 1.19 'apt-get install golang-go' go version
  check_version 'Python' 3.11 'apt-get install python3' "$PYTHON" --version
  if ! command -v ab >/dev/null; then missing 'ab' 'apt-get install apache2-utils'; else ok "ab $(version_of ab -V)"; fi
}

check_headers() {
  local header absent
  command -v g++ >/dev/null || return 0
  mapfile -t absent < <(
    for header in httplib.h nlohmann/json.hpp utf8.h CLI/CLI.hpp gperftools/profiler.h gperftools/malloc_hook.h \
      elfutils/libdwfl.h protozero/pbf_writer.hpp zlib.h benchmark/benchmark.h gtest/gtest.h; do
      printf '#if !__has_include(<%s>)\n%s\n#endif\n' "$header" "$header"
    done | g++ -std=c++20 -E -P -x c++ - | grep . || true
  )
  if ((${#absent[@]})); then
    missing "headers ${absent[*]}" 'make setup; if that says nothing: apt-get install --reinstall, packages in scripts/packages.txt'
    return 0
  fi
  ok 'C++ headers'
}

check_kernel() {
  local paranoid scope files cpus
  paranoid=$(first_line /proc/sys/kernel/perf_event_paranoid unknown)
  if [[ $paranoid =~ ^-?[0-9]+$ ]] && ((paranoid > 1 && EUID != 0)); then
    note "perf_event_paranoid is $paranoid: perf shows no kernel and little else" 'sudo sysctl kernel.perf_event_paranoid=1'
  else ok "perf_event_paranoid $paranoid"; fi
  scope=$(first_line /proc/sys/kernel/yama/ptrace_scope 0)
  if ((scope > 0 && EUID != 0)); then
    note "ptrace_scope is $scope: heaptrack and strace cannot attach to a running service" \
      'sudo sysctl kernel.yama.ptrace_scope=0 (or start the service under the tool)'
  else ok "ptrace_scope $scope"; fi
  files=$(ulimit -n)
  if [[ $files != unlimited ]] && ((files < 4096)); then
    note "ulimit -n is $files: a load with 1,000 connections and more fails" 'ulimit -n 4096'
  else ok "open files $files"; fi
  cpus=$(nproc)
  if ((cpus < 2)); then note "$cpus processor: ab and the service share it" 'Give the machine 2 or more'; else ok "$cpus processors"; fi
}

# Tried, not guessed: a container may forbid ptrace, and so may a kernel setting.
check_tracing() {
  local kind=''
  if [[ -e /.dockerenv ]]; then kind=' in this Docker container'; elif [[ -e /run/.containerenv ]]; then kind=' in this Podman container'; fi
  command -v strace >/dev/null || { note 'strace is not installed: tracing is not tried' 'scripts/setup.sh labs'; return 0; }
  if strace -o /dev/null true 2>/dev/null; then ok "strace can trace$kind"; else
    local remedy='See what forbids it: sysctl kernel.yama.ptrace_scope'
    [[ -z $kind ]] || remedy='Start it with: --cap-add SYS_PTRACE --security-opt seccomp=unconfined'
    note "strace cannot trace$kind" "$remedy"
  fi
}

check_ports() {
  local port
  for port in 8080 6060; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      note "port $port is in use: a service on its default address cannot start" \
        "Find the program: ss -ltnp 'sport = :$port' (or choose another port: scripts/run.sh v1-naive --port 8081 --debug-addr 127.0.0.1:6061)"
    else ok "port $port is free"; fi
  done
}

check_noise() {
  local load busy
  load=$(cut -d ' ' -f 1 /proc/loadavg)
  if awk -v load="$load" -v cpus="$(nproc)" 'BEGIN { exit !(load > cpus / 2) }'; then
    note "load average $load: times will scatter" 'Close other programs (see them: top) before make compare'
  else ok "load average $load"; fi
  [[ -x $PYTHON ]] || return 0
  while IFS= read -r busy; do note "${busy%%. *}" "${busy#*. }"; done < <(
    PYTHONPATH=$SCRIPTS_DIR "$PYTHON" -Bc 'from base.machine import *; print(*warnings(facts("."), busy()), sep="\n")' | grep .)
}

at_most 0 "$@"
step 'Tools'
check_system
if system_is_supported; then
  check_packages
  check_tools
  check_headers
fi
step 'Machine'
check_kernel
check_tracing
check_ports
check_noise
if ((problems)); then
  printf '%s missing.\n' "$problems"
  ! system_is_supported || next_command make setup
  exit 1
fi
printf 'Nothing is missing.\n'
next_command make compare
