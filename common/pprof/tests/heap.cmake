# Tests of heap sampling, over each allocator: tcmalloc as a service links it, the others preloaded.
# Under a sanitizer there is no sampler, and they skip themselves.
foreach(below heap tcmalloc)
  add_executable(pprof_${below}_test capture_helpers.cpp heap_front_test.cpp heap_test.cpp)
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
target_sources(pprof_tcmalloc_test PRIVATE heap_gperftools_test.cpp)
set_property(TEST heap_over_libtcmalloc APPEND PROPERTY
  ENVIRONMENT TCMALLOC_SAMPLE_PARAMETER=65536 PPROF_HEAP_SAMPLE_BYTES=8192)

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
test_heap_link(own_operators "in front of the malloc of libc" pprof_heap_own_operators)
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

add_test(NAME heap_bad_sample_bytes COMMAND pprof_heap_test --gtest_list_tests)
set_tests_properties(heap_bad_sample_bytes PROPERTIES LABELS pprof
  ENVIRONMENT PPROF_HEAP_SAMPLE_BYTES=64k
  PASS_REGULAR_EXPRESSION "64k. is not a whole number of bytes; it stays at 524288")
