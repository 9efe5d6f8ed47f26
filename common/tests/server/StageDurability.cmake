# add_durability_tests(<stage>): what is left of the stage's service after SIGTERM, kill and a full disk.
function(add_durability_tests stage)
  add_test(NAME ${stage}/service/durability
    COMMAND ${WORKSHOP_PYTHON} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/durability_test.py)
  set_tests_properties(${stage}/service/durability PROPERTIES
    TIMEOUT 180 ENVIRONMENT "SERVICES=$<TARGET_FILE:leftpad-${stage}>")
endfunction()
