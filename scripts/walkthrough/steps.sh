# shellcheck shell=bash
# The steps of the walkthrough, in the article's order. Sourced by walkthrough.sh, which sets OLD and NEW.

readonly QUERY='/v1/leftpad/?str=test&len=50&chr=*'

# add_steps: what `add` takes is in progress.sh.
add_steps() {
  local old=leftpad-$OLD new=leftpad-$NEW
  add hello 1 "$old" '' 'The service' 'It pads a string, counts and times requests for StatsD, and logs each one.' hello "$OLD"
  add load-old 6 "$old" "load/$OLD/ab.txt" 'How fast it is' 'Eight clients with keep-alive, as in the article.' script workshop load "$OLD"
  add cpu-old 12 "$old" "profiles/$OLD/cpu.pb.gz" 'CPU profile' \
    'The first table is mostly libraries and kernel; the second charges them to the functions that call them.' \
    script workshop profile cpu "$OLD" --seconds 8
  add list 1 "$old" "walkthrough/list.txt" 'CPU profile, line by line' 'The annotated source of leftpad.' \
    pprof_view list.txt '-list=service::leftpad$' "$BUILD_DIR/profiles/$OLD/cpu.pb.gz"
  add disasm 2 "$old" "walkthrough/disasm.txt" 'CPU profile, instruction by instruction' \
    'pprof matches names as the linker sees them, so leftpad also finds leftpad_handler.' \
    pprof_view disasm.txt -show=leftpad -disasm=leftpad "$BUILD_DIR/profiles/$OLD/cpu.pb.gz"
  add heap-old 8 "$old" "profiles/$OLD/heap.pb.gz" 'Heap in use' 'Little: the service keeps next to nothing.' \
    script workshop profile heap "$OLD" --seconds 3
  add allocs-old 9 "$old" "profiles/$OLD/allocs.pb.gz" 'Allocated objects' 'But it allocates, and frees, over and over.' \
    script workshop profile allocs "$OLD" --seconds 5
  add sites-old 4 "$old" "profiles/$OLD/alloc-sites.txt" 'Allocation sites' \
    'What Go tells by escape analysis: the calls in the optimized code that can allocate.' script workshop alloc-sites "$OLD"
  add threads-old 5 "$old" "profiles/$OLD/threads.pb.gz" 'Threads' 'What the article reads from the goroutine profile.' \
    script workshop profile threads "$OLD"
  add mutex-old 9 "$old" "profiles/$OLD/mutex.pb.gz" 'Lock contention: who holds' 'Who makes others wait.' \
    script workshop profile mutex "$OLD" --seconds 5
  add block-old 9 "$old" "profiles/$OLD/block.pb.gz" 'Lock contention: who waits' 'The same waiting, charged to who suffers it.' \
    script workshop profile block "$OLD" --seconds 5
  add bench-old 15 "bench-$OLD" "bench/$OLD.json" 'Benchmarks' 'The same work without network and kernel, counted and timed.' \
    script workshop bench "$OLD"
  add changes 1 "$old $new" '' 'What was improved' 'leftpad, StatsD and the logger: the culprits that the profiles name.' changes
  add compare 110 "$old $new bench-$OLD bench-$NEW" compare/compare.json 'Old against new' \
    'Runs in turn, then statistics: a difference is shown only where there is one.' script workshop compare "$OLD" "$NEW"
  add cpu-new 12 "$new" "profiles/$NEW/cpu.pb.gz" 'CPU profile again' 'What remains is the HTTP server and the kernel.' \
    script workshop profile cpu "$NEW" --seconds 8
  add diff 8 "$old $new" "profiles/diff/$OLD/$NEW/cpu.svg" 'CPU profiles, the difference' 'Negative is less than before.' \
    script workshop diff "$OLD" "$NEW" --kind cpu
  add heap-new 8 "$new" "profiles/$NEW/heap.pb.gz" 'Heap in use again' "The logger's buffer is what is new." \
    script workshop profile heap "$NEW" --seconds 3
  add allocs-new 9 "$new" "profiles/$NEW/allocs.pb.gz" 'Allocated objects again' 'The stage itself hardly allocates.' \
    script workshop profile allocs "$NEW" --seconds 5
  add sites-new 4 "$new" "profiles/$NEW/alloc-sites.txt" 'Allocation sites again' 'Few lines are left.' script workshop alloc-sites "$NEW"
  add threads-new 5 "$new" "profiles/$NEW/threads.pb.gz" 'Threads again' 'As before: the server is the same.' script workshop profile threads "$NEW"
  add mutex-new 9 "$new" "profiles/$NEW/mutex.pb.gz" 'Lock contention again' 'The lock is held for an append to a buffer, not for a write.' \
    script workshop profile mutex "$NEW" --seconds 5
  add load-new 6 "$new" "load/$NEW/ab.txt" 'How fast it is now' 'The command of the second step, on the new stage.' script workshop load "$NEW"
  add report 6 '' report/index.html 'The report' 'All of it on one page.' script workshop report "$OLD" "$NEW"
}

# script NAME ARG…: what the make target of that name calls.
script() {
  local name=$1
  shift
  run_watched "$SCRIPTS_DIR/$name" "$@"
}

# hello STAGE: starts the service, asks it, lists its profiles, stops it.
hello() {
  start_service "$1"
  run curl -sS --fail --max-time 5 "$SERVICE_URL$QUERY" &&
    check_index || return
  stop_service
}

check_index() {
  run curl -sS --fail --max-time 5 -o /dev/null -w 'Profiles: %{url_effective} answers %{http_code}\n' "$SERVICE_DEBUG_URL/debug/pprof/"
}

changes() { run git --no-pager diff --no-index --stat "$OLD" "$NEW" || (($? == 1)); }

# pprof_view FILE OPTION… PROFILE: a text view of a profile; what has no sample is left out. All of it goes to
# build/walkthrough/FILE. Finding no sample is a fact about a short profile, not an error.
pprof_view() {
  local file=$STATE_DIR/$1
  shift
  show_command "$BUILD_DIR/tools/pprof" "$@"
  if "$BUILD_DIR/tools/pprof" "$@" >"$file.part" 2>&1; then
    awk '/^ROUTINE/ || /[0-9]m?s /' "$file.part" | cut -c 1-150 | awk 'NR <= 25'
    printf '(only lines that have samples; all of it: %s)\n' "${file#"$REPO_ROOT"/}"
  else
    tail -n 1 "$file.part"
    printf 'No sample fell into its own instructions, only into what it calls.\n'
  fi
  mv -- "$file.part" "$file"
}
