# Proves each lab: its starter fails, its solution passes, its decoys fail (scripts/labs/proof.py); then
# the bugs of `make bug`, and two rows of the blind-spot matrix. scripts/labs/tests has the tests of
# the grader itself. Without sanitizers: they change what is counted.
if(WORKSHOP_SANITIZE)
  return()
endif()
set(lab_environment
  "PYTHONPATH=${PROJECT_SOURCE_DIR}/scripts;PYTHONDONTWRITEBYTECODE=1;LABS_BUILD_DIR=${PROJECT_BINARY_DIR}")
file(GLOB labs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/labs/[0-9][0-9]/lab.json)
foreach(lab IN LISTS labs)
  cmake_path(GET lab PARENT_PATH lab)
  cmake_path(GET lab FILENAME name)
  add_test(NAME labs/${name} COMMAND ${WORKSHOP_PYTHON} ${PROJECT_SOURCE_DIR}/scripts/workshop.py prove ${name})
  set_tests_properties(labs/${name} PROPERTIES TIMEOUT 1800 ENVIRONMENT "${lab_environment}")
endforeach()
add_test(NAME labs/views COMMAND ${WORKSHOP_PYTHON} ${PROJECT_SOURCE_DIR}/scripts/workshop.py blind-spots --check 5 11)
set_tests_properties(labs/views PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77 ENVIRONMENT "${lab_environment}")
add_test(NAME labs/bugs COMMAND ${WORKSHOP_PYTHON} ${PROJECT_SOURCE_DIR}/scripts/workshop.py prove --bugs)
set_tests_properties(labs/bugs PROPERTIES TIMEOUT 600 ENVIRONMENT "${lab_environment}")
