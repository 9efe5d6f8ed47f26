# The capture code: threads, locks, trace, heap, wall clock.
target_sources(pprof PRIVATE
  src/contention/contention.cpp
  src/contention/mutex.cpp
  src/environment.cpp
  src/heap/heap.cpp
  src/heap/poisson.cpp
  src/heap/sample_blocks.cpp
  src/heap/sample_table.cpp
  src/heap/sampler.cpp
  src/stacks/cfi.cpp
  src/stacks/objects.cpp
  src/stacks/stack_memory.cpp
  src/stacks/unwind.cpp
  src/stacks/unwind_table.cpp
  src/threads/handler.cpp
  src/threads/interrupt.cpp
  src/threads/labels.cpp
  src/threads/names.cpp
  src/threads/tasks.cpp
  src/threads/threads.cpp
  src/trace/json.cpp
  src/trace/json_string.cpp
  src/trace/recorder.cpp
  src/trace/trace.cpp
  src/wall/sampler.cpp
  src/wall/wall.cpp
)
