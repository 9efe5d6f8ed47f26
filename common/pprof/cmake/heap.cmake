# pprof::heap stands in front of malloc and operator new, for heap profiles over any allocator.
# pprof::tcmalloc is the same and tcmalloc below.
if(PPROF_SANITIZED)
  add_library(pprof_heap INTERFACE)
  add_library(pprof_tcmalloc INTERFACE)
else()
  add_library(pprof_heap STATIC
    src/heap/below.cpp
    src/heap/front_malloc.cpp
    src/heap/front_new.cpp
  )
  target_include_directories(pprof_heap PRIVATE src)
  # Without -fno-builtin the compiler may make malloc() of what it takes for malloc() and more.
  target_compile_options(pprof_heap PRIVATE -Wall -Wextra -Wpedantic -Wshadow -fno-builtin)
  # No symbol of it is named: the linker takes it for these.
  target_link_options(pprof_heap INTERFACE LINKER:--undefined=pprof_heap_front)
  target_link_libraries(pprof_heap PUBLIC pprof PRIVATE ${CMAKE_DL_LIBS})
  set_target_properties(pprof_heap PROPERTIES POSITION_INDEPENDENT_CODE ON UNITY_BUILD OFF)

  add_library(pprof_tcmalloc INTERFACE)
  target_link_libraries(pprof_tcmalloc INTERFACE pprof_heap
    -Wl,--push-state,--no-as-needed -ltcmalloc -Wl,--pop-state)
endif()
add_library(pprof::heap ALIAS pprof_heap)
add_library(pprof::tcmalloc ALIAS pprof_tcmalloc)
set_target_properties(pprof_heap PROPERTIES EXPORT_NAME heap)
set_target_properties(pprof_tcmalloc PROPERTIES EXPORT_NAME tcmalloc)
