# Tests of heap sampling, over each allocator: tcmalloc as a service links it, the others preloaded.
# Under a sanitizer there is no sampler, and they skip themselves.
foreach(below heap tcmalloc)
  add_executable(pprof_${below}_test capture_helpers.cpp heap_test.cpp)
  target_include_directories(pprof_${below}_test PRIVATE ../src)
  target_link_libraries(pprof_${below}_test PRIVATE pprof pprof_${below} GTest::gtest ${CMAKE_DL_LIBS})
  set_target_properties(pprof_${below}_test PROPERTIES ENABLE_EXPORTS ON)
endforeach()
function(test_heap_over allocator program)
  add_test(NAME heap_over_${allocator} COMMAND ${program})
  set_tests_properties(heap_over_${allocator} PROPERTIES LABELS pprof
    ENVIRONMENT "PPROF_TEST_ALLOCATOR=${allocator};LD_PRELOAD=${ARGN}")
endfunction()
test_heap_over(libtcmalloc pprof_tcmalloc_test)
test_heap_over(libc pprof_heap_test)
foreach(allocator jemalloc mimalloc)
  find_library(PPROF_${allocator} ${allocator})
  if(PPROF_${allocator})
    test_heap_over(lib${allocator} pprof_heap_test ${PPROF_${allocator}})
  endif()
endforeach()
add_test(NAME heap_bad_sample_bytes COMMAND pprof_heap_test --gtest_list_tests)
set_tests_properties(heap_bad_sample_bytes PROPERTIES LABELS pprof
  ENVIRONMENT PPROF_HEAP_SAMPLE_BYTES=64k
  PASS_REGULAR_EXPRESSION "64k. is not a whole number of bytes; it stays at 524288")
