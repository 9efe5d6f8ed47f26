# shellcheck shell=bash
# Starts and stops the service of a stage on free ports; readiness is polled, ports are loopback only.
# Sourced by lib.sh. One service at a time; it ends with the script that started it.
# shellcheck disable=SC2034  # the names set here are read by the scripts that source this file

# port_in_use PORT: true if something accepts connections there on loopback.
port_in_use() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port: sets FREE_PORT, below the kernel's range for outgoing connections.
free_port() {
  FREE_PORT=$((20000 + RANDOM % 10000))
  while port_in_use "$FREE_PORT"; do FREE_PORT=$((20000 + RANDOM % 10000)); done
}

# start_service STAGE [OPTION…]: starts build/bin/leftpad-STAGE on free ports and returns when it is ready.
# Sets SERVICE_PID, SERVICE_URL, SERVICE_DEBUG_URL and SERVICE_LOG (the service's own output).
# The log of requests goes to a temporary file unless --log-file is among the options.
start_service() {
  local stage=$1 port debug_port
  shift
  need_binary leftpad "$stage"
  free_port; port=$FREE_PORT
  free_port; debug_port=$FREE_PORT
  temp_dir
  SERVICE_LOG=$TEMP_DIR/service.txt
  [[ " $* " == *' --log-file'* ]] || set -- --log-file "$TEMP_DIR/requests.log" "$@"
  set -- "$BINARY" --port "$port" --debug-addr "127.0.0.1:$debug_port" "$@"
  show_command "$@"
  "$@" >"$SERVICE_LOG" 2>&1 &
  SERVICE_PID=$!
  OWN_PIDS+=("$SERVICE_PID")
  wait_until_ready "$stage"
  SERVICE_URL=http://127.0.0.1:$port SERVICE_DEBUG_URL=http://127.0.0.1:$debug_port
}

wait_until_ready() {
  local deadline=$((SECONDS + READY_TIMEOUT_SECONDS)) said
  until grep -q 'listening on http://' "$SERVICE_LOG"; do
    if ! kill -0 "$SERVICE_PID" 2>/dev/null || ((SECONDS > deadline)); then
      said=$(tail -n 3 "$SERVICE_LOG" | tr '\n' ' ')
      die "leftpad-$1" "not ready within $READY_TIMEOUT_SECONDS s; it said: ${said:-nothing}" \
        "Start it by hand: make run STAGE=$1"
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
