# Tests of the capture code, and of what a process under capture must survive.
find_package(nlohmann_json REQUIRED)  # an independent reader of the trace

add_executable(pprof_capture_test
  capture_helpers.cpp
  contention_test.cpp
  fork_test.cpp
  labels_test.cpp
  names_test.cpp
  signal_test.cpp
  threads_test.cpp
  trace_test.cpp
  unwind_table_test.cpp
  unwind_test.cpp
  wall_test.cpp
)
target_include_directories(pprof_capture_test PRIVATE ../src)
target_link_libraries(pprof_capture_test PRIVATE pprof pprof_tcmalloc GTest::gtest_main
  PkgConfig::pprof_dw nlohmann_json::nlohmann_json ${CMAKE_DL_LIBS})
set_target_properties(pprof_capture_test PROPERTIES ENABLE_EXPORTS ON)  # names for dladdr()
target_compile_definitions(pprof_capture_test PRIVATE
  PPROF_SAFETY_PLUGIN="$<TARGET_FILE:pprof_safety_plugin>")
add_dependencies(pprof_capture_test pprof_safety_plugin)
foreach(bytes 100 5000)
  add_library(pprof_reloaded_plugin_${bytes} MODULE reloaded_plugin.cpp)
  target_compile_definitions(pprof_reloaded_plugin_${bytes} PRIVATE RELOADED_FRAME_BYTES=${bytes})
  target_compile_options(pprof_reloaded_plugin_${bytes} PRIVATE -fomit-frame-pointer)
  target_compile_definitions(pprof_capture_test PRIVATE
    PPROF_RELOADED_${bytes}="$<TARGET_FILE:pprof_reloaded_plugin_${bytes}>")
  add_dependencies(pprof_capture_test pprof_reloaded_plugin_${bytes})
endforeach()
gtest_discover_tests(pprof_capture_test DISCOVERY_TIMEOUT 60
  PROPERTIES LABELS pprof TIMEOUT 120)

include(heap.cmake)

# A program of its own: it replaces malloc and the pthread locks.
add_executable(pprof_handler_test handler_test.cpp)
target_include_directories(pprof_handler_test PRIVATE ../src)
target_link_libraries(pprof_handler_test PRIVATE pprof GTest::gtest_main ${CMAKE_DL_LIBS})
gtest_discover_tests(pprof_handler_test DISCOVERY_TIMEOUT 60 PROPERTIES LABELS pprof TIMEOUT 120)

# PPROF_SAFETY_SECONDS=60 for the full run. crypto: cpp-httplib's pool calls it inline since 0.18.
add_library(pprof_safety_plugin MODULE safety_plugin.cpp)
add_executable(pprof_safety_test safety_test.cpp sanitizers.cpp)
target_compile_definitions(pprof_safety_test PRIVATE
  PPROF_SAFETY_PLUGIN="$<TARGET_FILE:pprof_safety_plugin>")
target_link_libraries(pprof_safety_test PRIVATE pprof pprof_tcmalloc GTest::gtest_main
  PkgConfig::pprof_httplib crypto ${CMAKE_DL_LIBS})
add_dependencies(pprof_safety_test pprof_safety_plugin)
add_test(NAME safety COMMAND pprof_safety_test)
set_tests_properties(safety PROPERTIES LABELS pprof)
# The same with a libgcc of its own, whose functions no loader can name.
if(NOT PPROF_SANITIZED)
  add_executable(pprof_safety_static_test safety_test.cpp)
  target_compile_definitions(pprof_safety_static_test PRIVATE
    PPROF_SAFETY_PLUGIN="$<TARGET_FILE:pprof_safety_plugin>")
  target_link_libraries(pprof_safety_static_test PRIVATE pprof pprof_tcmalloc GTest::gtest_main
    PkgConfig::pprof_httplib crypto ${CMAKE_DL_LIBS} -static-libgcc -static-libstdc++)
  add_dependencies(pprof_safety_static_test pprof_safety_plugin)
  add_test(NAME safety_static_libgcc COMMAND pprof_safety_static_test)
  set_tests_properties(safety_static_libgcc PROPERTIES LABELS pprof)
endif()

# PPROF_FUZZ_SECONDS=600 for the full run.
add_executable(pprof_unwind_fuzz_test unwind_fuzz_test.cpp)
target_include_directories(pprof_unwind_fuzz_test PRIVATE ../src)
target_compile_definitions(pprof_unwind_fuzz_test PRIVATE
  PPROF_SAFETY_PLUGIN="$<TARGET_FILE:pprof_safety_plugin>")
target_link_libraries(pprof_unwind_fuzz_test PRIVATE pprof GTest::gtest_main ${CMAKE_DL_LIBS})
add_dependencies(pprof_unwind_fuzz_test pprof_safety_plugin)
add_test(NAME unwind_fuzz COMMAND pprof_unwind_fuzz_test)
set_tests_properties(unwind_fuzz PROPERTIES LABELS pprof TIMEOUT 120)

# Ends processes of its own in the middle of captures.
add_executable(pprof_exit_test exit_test.cpp sanitizers.cpp)
target_include_directories(pprof_exit_test PRIVATE ../src)
target_link_libraries(pprof_exit_test PRIVATE pprof pprof_heap GTest::gtest
  PkgConfig::pprof_httplib)
add_test(NAME pprof_exit COMMAND pprof_exit_test)
# Without the sampler all memory is glibc's, which gives large blocks back and fills the others.
add_test(NAME pprof_exit_without_heap COMMAND pprof_exit_test)
set_tests_properties(pprof_exit pprof_exit_without_heap PROPERTIES LABELS pprof TIMEOUT 300)
set_tests_properties(pprof_exit_without_heap PROPERTIES
  ENVIRONMENT "MALLOC_PERTURB_=165;PPROF_HEAP_SAMPLE_BYTES=0")
