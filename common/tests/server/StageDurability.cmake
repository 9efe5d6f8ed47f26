# add_durability_tests(<stage>): what is left of the stage's service after SIGTERM, kill, a full disk
# and a failed accept.
function(add_durability_tests stage)
  add_test(NAME ${stage}/service/durability
    COMMAND ${WORKSHOP_PYTHON} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/durability_test.py)
  set_tests_properties(${stage}/service/durability PROPERTIES
    TIMEOUT 180 ENVIRONMENT "SERVICES=$<TARGET_FILE:leftpad-${stage}>")
  # strace and sanitizers trace the same process: only one can.
  if(NOT WORKSHOP_SANITIZE)
    add_test(NAME ${stage}/service/accept
      COMMAND ${WORKSHOP_PYTHON} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/accept_test.py)
    set_tests_properties(${stage}/service/accept PROPERTIES
      TIMEOUT 120 SKIP_RETURN_CODE 77 ENVIRONMENT "SERVICES=$<TARGET_FILE:leftpad-${stage}>")
  endif()
endfunction()
