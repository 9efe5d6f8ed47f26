# add_stage(<sources>): called by the CMakeLists.txt of a stage directory. Builds
#   leftpad-<stage>            the service, with tcmalloc for heap profiles
#   leftpad-<stage>-heaptrack  the service without tcmalloc: heaptrack sees only the C library's malloc
#   test-<stage>               the contract suite
#   bench-<stage>              the benchmarks
#   probe-<stage>              the counters that labs are graded by
include(${CMAKE_CURRENT_LIST_DIR}/../tests/StageTests.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/../benchmarks/StageBenchmarks.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/../grading/StageProbe.cmake)

function(add_stage)
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME stage)
  set(app ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../app)

  add_library(stage-${stage} STATIC ${ARGN} ${app}/run_app.cpp)
  target_include_directories(stage-${stage} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_definitions(stage-${stage}
    PUBLIC STAGE_NAME="${stage}" WORKSHOP_VERSION="${PROJECT_VERSION}")
  target_link_libraries(stage-${stage} PUBLIC common app_server app pprof::core
                        PRIVATE workshop_options)

  foreach(service leftpad-${stage} leftpad-${stage}-heaptrack)
    add_executable(${service} ${app}/main.cpp)
    target_link_libraries(${service} PRIVATE stage-${stage} workshop_options)
  endforeach()
  if(NOT WORKSHOP_SANITIZE)
    target_link_libraries(leftpad-${stage} PRIVATE pprof::tcmalloc)
  endif()

  add_stage_tests(${stage})
  add_stage_benchmarks(${stage})
  add_stage_probe(${stage})
endfunction()
