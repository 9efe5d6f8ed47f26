# Tests of the capture code, and of what a process under capture must survive.
find_package(nlohmann_json REQUIRED)  # an independent reader of the trace

add_executable(pprof_capture_test
  capture_helpers.cpp
  contention_test.cpp
  registry_test.cpp
  threads_test.cpp
  trace_test.cpp
  unwind_test.cpp
  wall_test.cpp
)
target_include_directories(pprof_capture_test PRIVATE ../src)
target_link_libraries(pprof_capture_test PRIVATE pprof pprof_tcmalloc GTest::gtest_main
  nlohmann_json::nlohmann_json ${CMAKE_DL_LIBS})
set_target_properties(pprof_capture_test PROPERTIES ENABLE_EXPORTS ON)  # names for dladdr()
gtest_discover_tests(pprof_capture_test PROPERTIES LABELS pprof)

# Run twice: with each of the two samplers.
add_executable(pprof_heap_test capture_helpers.cpp heap_test.cpp)
target_include_directories(pprof_heap_test PRIVATE ../src)
target_link_libraries(pprof_heap_test PRIVATE pprof pprof_tcmalloc GTest::gtest ${CMAKE_DL_LIBS})
set_target_properties(pprof_heap_test PROPERTIES ENABLE_EXPORTS ON)
add_test(NAME heap_native_sampler COMMAND pprof_heap_test)
add_test(NAME heap_hook_sampler COMMAND pprof_heap_test)
set_tests_properties(heap_native_sampler heap_hook_sampler PROPERTIES LABELS pprof)
set_tests_properties(heap_hook_sampler PROPERTIES ENVIRONMENT PPROF_HEAP_HOOKS=1)
