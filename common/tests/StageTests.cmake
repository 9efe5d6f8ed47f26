# add_stage_tests(<stage>): test-<stage>, the contract suite, each test a CTest of its own.
include(GoogleTest)

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
  gtest_discover_tests(test-${stage} TEST_PREFIX "${stage}/" PROPERTIES TIMEOUT 60)

  # A program of its own: it replaces operator new.
  add_executable(budget-${stage}
    ${directory}/budget_test.cpp ${directory}/../benchmarks/operations.cpp)
  target_compile_definitions(budget-${stage} PRIVATE
    BUDGET_FILE="${directory}/allocation_budget.json")
  target_link_libraries(budget-${stage} PRIVATE
    stage-${stage} alloc_counter benchmark::benchmark GTest::gmock_main nlohmann_json::nlohmann_json workshop_options)
  if(NOT WORKSHOP_SANITIZE)
    gtest_discover_tests(budget-${stage} TEST_PREFIX "${stage}/" PROPERTIES TIMEOUT 60)
  endif()
endfunction()
