# add_stage_benchmarks(<stage>): bench-<stage>, linked to the C library's malloc, without a profiler.
function(add_stage_benchmarks stage)
  string(TOUPPER ${CMAKE_BUILD_TYPE} config)
  string(STRIP "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${config}}" flags)
  set(directory ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  add_executable(bench-${stage}
    ${directory}/main.cpp ${directory}/operations.cpp ${directory}/slices.cpp)
  target_compile_definitions(bench-${stage} PRIVATE
    BUILD_TYPE="${CMAKE_BUILD_TYPE}" COMPILER_FLAGS="${flags}"
    COMPILER="${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
  target_link_libraries(bench-${stage} PRIVATE
    stage-${stage} alloc_counter build_commit benchmark::benchmark workshop_options)
endfunction()
