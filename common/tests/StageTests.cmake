# add_stage_tests(<stage>): test-<stage>, the contract suite, each test a CTest of its own.
include(${CMAKE_CURRENT_LIST_DIR}/server/StageDurability.cmake)

# Debian's own: the first python3 on PATH may lack Debian's modules.
set(WORKSHOP_PYTHON /usr/bin/python3 CACHE FILEPATH "Python that runs the tests")

function(add_stage_tests stage)
  set(directory ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  add_executable(test-${stage}
    ${directory}/handlers_test.cpp
    ${directory}/leftpad_test.cpp
    ${directory}/logger_test.cpp
    ${directory}/statsd_test.cpp
    ${directory}/support.cpp
  )
  target_link_libraries(test-${stage} PRIVATE
    stage-${stage} GTest::gmock_main nlohmann_json::nlohmann_json workshop_options)
  target_compile_options(test-${stage} PRIVATE -O0)  # a test's own code is not worth optimizing
  gtest_discover_tests(test-${stage} TEST_PREFIX "${stage}/" DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 60)

  # A program of its own: it replaces operator new.
  add_executable(budget-${stage}
    ${directory}/budget_test.cpp ${directory}/slices_test.cpp
    ${directory}/../benchmarks/operations.cpp ${directory}/../benchmarks/slices.cpp)
  target_compile_definitions(budget-${stage} PRIVATE
    BUDGET_FILE="${directory}/allocation_budget.json")
  target_link_libraries(budget-${stage} PRIVATE
    stage-${stage} alloc_counter benchmark::benchmark GTest::gmock_main nlohmann_json::nlohmann_json workshop_options)
  if(NOT WORKSHOP_SANITIZE)
    gtest_discover_tests(budget-${stage} TEST_PREFIX "${stage}/" DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 60)
  endif()

  add_service_tests(${stage})
  add_durability_tests(${stage})
endfunction()

# Tests of the running service, in Python: service/<name>_test.py.
function(add_service_tests stage)
  foreach(name command_line http log_reader shutdown statsd)
    add_test(NAME ${stage}/service/${name}
      COMMAND ${WORKSHOP_PYTHON} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/service/${name}_test.py)
    set_tests_properties(${stage}/service/${name} PROPERTIES TIMEOUT 120 ENVIRONMENT
      "SERVICES=$<TARGET_FILE:leftpad-${stage}>;STATSD_DIR=${PROJECT_BINARY_DIR}/test-deps/statsd")
  endforeach()
  set_tests_properties(${stage}/service/statsd PROPERTIES FIXTURES_REQUIRED statsd-server)
  if(NOT WORKSHOP_SANITIZE)
    # The linker takes one file's copy of an inline function for all files: one that is compiled
    # without optimization slows the whole service down. The compiler notes its options.
    add_test(NAME ${stage}/optimized
      COMMAND bash -c [[grep -q -a -e ' -O0 ' "$0"; test $? = 1]] $<TARGET_FILE:leftpad-${stage}>)
  endif()
  set_property(GLOBAL APPEND PROPERTY WORKSHOP_SERVICES $<TARGET_FILE:leftpad-${stage}>)
endfunction()

# What concerns all stages at once: called after the last add_stage().
function(add_tests_of_all_stages)
  set(directory ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  get_property(services GLOBAL PROPERTY WORKSHOP_SERVICES)
  list(JOIN services "," services)
  add_test(NAME stages/differential
    COMMAND ${WORKSHOP_PYTHON} ${directory}/service/differential_test.py)
  set_tests_properties(stages/differential PROPERTIES TIMEOUT 120 ENVIRONMENT "SERVICES=${services}")

  add_test(NAME stages/install-statsd-server
    COMMAND npm install --silent --no-audit --no-fund --omit=optional --ignore-scripts --prefix ${PROJECT_BINARY_DIR}/test-deps/statsd
            statsd@0.9.0)
  set_tests_properties(stages/install-statsd-server PROPERTIES
    TIMEOUT 300 FIXTURES_SETUP statsd-server)
endfunction()
