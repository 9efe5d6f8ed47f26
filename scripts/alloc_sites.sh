#!/usr/bin/env bash
# Lists the calls in a stage's optimized code that can allocate, by source line; for two stages, what differs.
# Called by `make alloc-sites` and by hand. The work is in profiles/alloc_sites.py.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
Usage: scripts/alloc_sites.sh STAGE [NEW] [--stacks] [--others] [--out DIR]

What Go's escape analysis (go build -gcflags=-m) tells, for C++: the calls in the stage's object files, as
the optimizer left them, that can allocate. With two stages: what STAGE has and NEW has not, and the reverse.

The rule. A call counts if it goes to
  - an allocator: operator new, operator new[], malloc, calloc, realloc, aligned_alloc, strdup;
  - a function of the C++ library that grows memory of its own, such as std::string::_M_append or the output
    operators of a stream (a string stream keeps its text on the heap);
  - a function in common/ or a template in the stage's object files that makes such a call itself.
Calls between functions of the stage do not count: the callee's own lines are listed. Nor does what only
happens when an exception is thrown. A call that can allocate need not: a short string has no memory on
the heap. How often it does, only a profile tells: make profile-allocs.

  --stacks   under each line, the chain of inlined functions that leads to the call
  --others   also the functions called that do not count, to check the rule
  --out DIR  where results go (default build/profiles/STAGE, for two stages build/profiles/diff/STAGE/NEW)
  --help     this text

Example: make alloc-sites STAGE=v1-naive        (or: scripts/alloc_sites.sh v1-naive v2-optimized)
TEXT
}

stages=() options=() out=''
while (($#)); do
  case $1 in
    --help) usage; exit 0 ;;
    --out) need_value "$1" $#; out=$2; shift ;;
    --stacks | --others) options+=("$1") ;;
    -*) usage_error "$1" 'unknown option' ;;
    *) stages+=("$1") ;;
  esac
  shift
done
((${#stages[@]} >= 1 && ${#stages[@]} <= 2)) || usage_error "${stages[*]:-nothing}" 'one stage, or two to compare'
for stage in "${stages[@]}"; do
  need_stage "$stage"
  [[ -d $BUILD_DIR/$stage/CMakeFiles/stage-$stage.dir ]] ||
    die "build/$stage" 'this stage is not built' 'Run: make build'
done
need_tool objdump binutils
need_tool eu-addr2line elfutils
need_tool "$PYTHON" python3

for stage in "${stages[@]}"; do
  printf '%s\n' "\$ objdump -dr --no-show-raw-insn build/$stage/CMakeFiles/stage-$stage.dir/*.o"
done
printf '%s\n' "\$ eu-addr2line -afiC -j SECTION -e OBJECT ADDRESS…   (for each of them)"
if ((${#stages[@]} == 1)); then
  out=${out:-$BUILD_DIR/profiles/${stages[0]}}/alloc-sites
else
  out=${out:-$BUILD_DIR/profiles/diff/${stages[0]}/${stages[1]}}/alloc-sites
fi
mkdir -p "${out%/*}"
temp_dir
found=$TEMP_DIR/alloc-sites # what fails leaves the earlier result
python_module profiles.alloc_sites "${stages[@]}" ${options[@]+"${options[@]}"} --json "$found.json" | tee "$found.txt"
mv -- "$found.json" "$found.txt" "${out%/*}/"
printf '\n'
result_at "$out.txt"
if ((${#stages[@]} == 1)); then
  next_command make profile-allocs "STAGE=${stages[0]}"
else
  next_command make profile-diff "OLD=${stages[0]}" "NEW=${stages[1]}" KIND=allocs
fi
