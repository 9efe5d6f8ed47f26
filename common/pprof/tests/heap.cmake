# Tests of heap sampling, over each allocator: tcmalloc as a service links it, the others preloaded.
# Under a sanitizer there is no sampler, and they skip themselves.
add_library(pprof_heap_fork_handler SHARED heap_fork_handler.cpp)
add_library(pprof_heap_deepbind_plugin MODULE heap_deepbind_plugin.cpp)
foreach(below heap tcmalloc)
  foreach(subject truth front)
    set(program pprof_${below}_${subject}_test)
    add_executable(${program} capture_helpers.cpp heap_${subject}_test.cpp)
    target_include_directories(${program} PRIVATE ../src)
    target_link_libraries(${program} PRIVATE pprof pprof_${below} GTest::gtest ${CMAKE_DL_LIBS})
    set_target_properties(${program} PROPERTIES ENABLE_EXPORTS ON)
  endforeach()
  target_link_libraries(pprof_${below}_front_test PRIVATE pprof_heap_fork_handler)
  target_compile_definitions(pprof_${below}_front_test PRIVATE
    PPROF_DEEPBIND_PLUGIN="$<TARGET_FILE:pprof_heap_deepbind_plugin>")
  add_dependencies(pprof_${below}_front_test pprof_heap_deepbind_plugin)
endforeach()
target_sources(pprof_tcmalloc_truth_test PRIVATE heap_gperftools_test.cpp)
function(test_heap_over allocator below)
  foreach(subject truth front)
    add_test(NAME heap_${subject}_over_${allocator} COMMAND pprof_${below}_${subject}_test)
    # gperftools also samples, by its own means; not with libunwind, whose lock a child forked
    # meanwhile inherits.
    set_tests_properties(heap_${subject}_over_${allocator} PROPERTIES LABELS pprof ENVIRONMENT
      "PPROF_TEST_ALLOCATOR=${allocator};LD_PRELOAD=${ARGN};PPROF_HEAP_SAMPLE_BYTES=8192;TCMALLOC_SAMPLE_PARAMETER=65536;\
TCMALLOC_STACKTRACE_METHOD=libgcc")
  endforeach()
endfunction()
test_heap_over(libtcmalloc tcmalloc)
test_heap_over(libc heap)
foreach(allocator jemalloc mimalloc)
  find_library(PPROF_${allocator} ${allocator})
  if(PPROF_${allocator})
    test_heap_over(lib${allocator} heap ${PPROF_${allocator}})
  endif()
endforeach()

# Ways to link it, and what it must say then.
function(test_heap_link name text)
  add_test(NAME heap_link_${name} COMMAND ${ARGN})
  set_tests_properties(heap_link_${name} PROPERTIES LABELS pprof PASS_REGULAR_EXPRESSION ${text})
endfunction()
foreach(name hidden own_operators)
  add_executable(pprof_heap_${name} heap_link.cpp)
  target_include_directories(pprof_heap_${name} PRIVATE ../src)
  target_link_libraries(pprof_heap_${name} PRIVATE pprof pprof_heap)
endforeach()
target_link_options(pprof_heap_hidden PRIVATE LINKER:--exclude-libs,ALL)
test_heap_link(hidden "others find: link pprof::heap into the executable" pprof_heap_hidden)
target_compile_definitions(pprof_heap_own_operators PRIVATE OWN_OPERATORS)
test_heap_link(own_operators "^Samples are drawn in front of the malloc of libc" pprof_heap_own_operators)
add_library(pprof_heap_plugin MODULE heap_link.cpp)
target_include_directories(pprof_heap_plugin PRIVATE ../src)
target_link_libraries(pprof_heap_plugin PRIVATE pprof pprof_heap)
add_executable(pprof_heap_plugin_host heap_plugin_host.cpp)
target_link_libraries(pprof_heap_plugin_host PRIVATE ${CMAKE_DL_LIBS})
add_dependencies(pprof_heap_plugin_host pprof_heap_plugin)
test_heap_link(plugin "others find: link pprof::heap into the executable"
  pprof_heap_plugin_host $<TARGET_FILE:pprof_heap_plugin>)
test_heap_link(address_limit "address space is limited"
  sh -c "ulimit -v 4000000 && exec $<TARGET_FILE:pprof_heap_own_operators>")

add_test(NAME heap_bad_sample_bytes COMMAND pprof_heap_truth_test --gtest_list_tests)
set_tests_properties(heap_bad_sample_bytes PROPERTIES LABELS pprof
  ENVIRONMENT PPROF_HEAP_SAMPLE_BYTES=64k
  PASS_REGULAR_EXPRESSION "BYTES=.64k. is not a whole number up to 1099511627776. it stays at 524288")
