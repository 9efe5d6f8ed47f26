# The capture code: threads, locks, trace, heap, wall clock.
target_sources(pprof PRIVATE
  src/contention/contention.cpp
  src/contention/mutex.cpp
  src/heap/heap.cpp
  src/heap/hook_sampler.cpp
  src/heap/native_sampler.cpp
  src/heap/poisson.cpp
  src/heap/recorder.cpp
  src/heap/sample_table.cpp
  src/heap/tcmalloc.cpp
  src/threads/handler.cpp
  src/threads/interrupt.cpp
  src/threads/labels.cpp
  src/threads/names.cpp
  src/threads/tasks.cpp
  src/stacks/landing.cpp
  src/stacks/stack_cache.cpp
  src/threads/threads.cpp
  src/stacks/unwind.cpp
  src/trace/json.cpp
  src/trace/json_string.cpp
  src/trace/recorder.cpp
  src/trace/trace.cpp
  src/wall/wall.cpp
)

# pprof_alloc_cost: what heap sampling adds to new and delete.
if(PPROF_BUILD_EXAMPLE)
  add_executable(pprof_alloc_cost bench/alloc_cost.cpp)
  target_include_directories(pprof_alloc_cost PRIVATE src)
  target_link_libraries(pprof_alloc_cost PRIVATE pprof pprof_tcmalloc)
endif()
