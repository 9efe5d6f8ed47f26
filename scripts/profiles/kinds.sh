# shellcheck shell=bash
# The kinds of profile: endpoint, value shown first, what to say about an empty one, what to type next.
# Sourced by profile.sh and profile_diff.sh.
# shellcheck disable=SC2034  # the names set here are read by the scripts that source this file

readonly KINDS='cpu heap allocs mutex block threads wall trace'
# The service refuses longer captures.
readonly MAX_SECONDS=300

# set_kind KIND: sets KIND and
#   KIND_WHAT ENDPOINT EXTENSION SECONDS_DEFAULT EMPTY_REASON
#   CAPTURE            timed (?seconds=N: what N seconds added) or snapshot (as it is after N seconds of load)
#   SAMPLE_INDEX       the value shown; UNIT_NAME is its unit where the profile says just count
#   OWN_CODE           a pattern of the folders whose functions are shown apart
#   HEAP_SAMPLE_BYTES  how often the heap sampler looks, if not as usual
set_kind() {
  KIND=$1 CAPTURE=timed SECONDS_DEFAULT=10 UNIT_NAME='' ENDPOINT=$1 EXTENSION=pb.gz HEAP_SAMPLE_BYTES='' OWN_CODE='STAGE'
  case $KIND in
    cpu)
      ENDPOINT=profile KIND_WHAT='CPU time' SAMPLE_INDEX=cpu
      EMPTY_REASON='the service used next to no CPU time (a sample stands for 10 ms)'
      ;;
    heap)
      KIND_WHAT='memory in use' SAMPLE_INDEX=inuse_space CAPTURE=snapshot SECONDS_DEFAULT=5 HEAP_SAMPLE_BYTES=4096
      OWN_CODE='(common|STAGE)' # a stage itself keeps next to nothing
      EMPTY_REASON='too little memory is in use to meet the sampler'
      ;;
    allocs)
      KIND_WHAT='allocated objects' SAMPLE_INDEX=alloc_objects UNIT_NAME=objects HEAP_SAMPLE_BYTES=65536
      EMPTY_REASON='too little was allocated to meet the sampler'
      ;;
    mutex)
      KIND_WHAT='waiting caused, by who held the lock' SAMPLE_INDEX=delay
      EMPTY_REASON='no thread waited for a pprof::Mutex: good news, if the load was real'
      ;;
    block)
      KIND_WHAT='waiting suffered, by who waited' SAMPLE_INDEX=delay
      EMPTY_REASON='no thread waited for a pprof::Mutex or pprof::ConditionVariable: good news, if the load was real'
      ;;
    threads)
      KIND_WHAT='threads and where they are' SAMPLE_INDEX=threads CAPTURE=snapshot SECONDS_DEFAULT=1 UNIT_NAME=threads
      OWN_CODE='(common|STAGE)'
      EMPTY_REASON='no thread answered'
      ;;
    wall)
      KIND_WHAT='real time of all threads' SAMPLE_INDEX=wall
      EMPTY_REASON='no thread answered'
      ;;
    trace) KIND_WHAT='spans on a time line' SECONDS_DEFAULT=1 EXTENSION=json ;;
    *) usage_error "${1:-nothing}" "the kind must be one of: ${KINDS// /, }" ;;
  esac
}

# sample_more: for heap profiles of seconds, not minutes. The sampler's own step, 512 KiB, suits a service that
# runs for days.
sample_more() {
  [[ -n $HEAP_SAMPLE_BYTES ]] || return 0
  export PPROF_HEAP_SAMPLE_BYTES=${PPROF_HEAP_SAMPLE_BYTES:-$HEAP_SAMPLE_BYTES}
  printf '%s\n' "\$ export PPROF_HEAP_SAMPLE_BYTES=$PPROF_HEAP_SAMPLE_BYTES"
}

# kind_hints STAGE FILE: the pprof commands that are worth typing for this kind.
kind_hints() {
  local pprof=${PPROF[*]/"$REPO_ROOT"\//} file=${2#"$REPO_ROOT"/}
  hint "$pprof -http=127.0.0.1:8888 $file" 'all views in the browser'
  case $KIND in
    cpu)
      hint "$pprof -list=service::leftpad $file" 'annotated source'
      # go tool pprof reads only Go's own programs. Without -show the other may look for the program at the address of a
      # library, and finds nothing: which one it takes is left to chance.
      [[ ${PPROF[0]} == go ]] ||
        hint "$pprof -show=leftpad -disasm=leftpad \$PWD/build/bin/leftpad-$1 $file" 'annotated instructions'
      ;;
    allocs)
      hint "$pprof -sample_index=alloc_space -top $file" 'bytes instead of objects'
      hint "$pprof -list=service::leftpad $file" 'annotated source'
      ;;
    mutex | block)
      hint "$pprof -sample_index=contentions -top $file" 'how often instead of how long'
      hint "$pprof -list=Logger::write_line $file" 'annotated source'
      ;;
    threads | wall) hint "$pprof -tags $file" 'by thread and route' ;;
  esac
}

hint() { printf '        %-78s # %s\n' "$1" "$2"; }
