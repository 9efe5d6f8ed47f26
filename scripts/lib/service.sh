# shellcheck shell=bash
# Starts and stops the service of a stage on free ports; readiness is polled, ports are loopback only.
# Sourced by lib.sh. One service at a time; it ends with the script that started it.
# shellcheck disable=SC2034  # the names set here are read by the scripts that source this file

# port_in_use PORT: true if something accepts connections there on loopback.
port_in_use() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# start_service STAGE [OPTION…]: starts build/bin/leftpad-STAGE on free ports and returns when it is ready.
# Sets SERVICE_PID, SERVICE_URL, SERVICE_DEBUG_URL and SERVICE_LOG (the service's own output).
# The log of requests goes to a temporary file unless --log-file is among the options.
start_service() {
  local stage=$1
  shift
  need_binary leftpad "$stage"
  temp_dir
  SERVICE_LOG=$TEMP_DIR/service.txt
  [[ " $* " == *' --log-file'* ]] || set -- --log-file "$TEMP_DIR/requests.log" "$@"
  # Port 0: the kernel chooses a free one, so nobody can be faster.
  set -- "$BINARY" --port 0 --debug-addr 127.0.0.1:0 "$@"
  show_command "$@"
  : >"$SERVICE_LOG"  # there at once, also if the shell of the service is late
  "$@" >"$SERVICE_LOG" 2>&1 &
  SERVICE_PID=$!
  wait_until_ready "$stage"
  SERVICE_URL=$(service_said 'listening on')
  SERVICE_DEBUG_URL=$(service_said 'profiles at')
}

# service_said WORDS: the http://HOST:PORT that follows them in the service's output.
service_said() { sed -n "s|.*$1 \\(http://[^/]*\\).*|\\1|p" "$SERVICE_LOG" | head -n 1; }

wait_until_ready() {
  local deadline=$((SECONDS + READY_TIMEOUT_SECONDS)) said
  until grep -q 'listening on http://' "$SERVICE_LOG"; do
    if ! kill -0 "$SERVICE_PID" 2>/dev/null || ((SECONDS > deadline)); then
      said=$(tail -n 3 "$SERVICE_LOG" | tr '\n' ' ')
      die "leftpad-$1" "not ready within $READY_TIMEOUT_SECONDS s; it said: ${said:-nothing}" \
        "Start it by hand: build/bin/leftpad-$1"
    fi
    sleep 0.02
  done
}

# stop_service: ends it as a user would (SIGTERM); dies if it does not exit with 0.
stop_service() {
  local status=0
  end_process "$SERVICE_PID" || status=$?
  ((status == 0)) || die "exit status $status of the service" 'SIGTERM must end it with status 0' \
    "It said: $(tail -n 3 "$SERVICE_LOG" | tr '\n' ' ')"
}
