# build_commit: an object library with service::built_from(), the commit that a program was built from; "-dirty" behind it
# says that files differed, "unknown" that this is no git checkout. As a script (-P, with OUT) writes its source, if it changed.
if(CMAKE_SCRIPT_MODE_FILE)
  execute_process(COMMAND git -C ${ROOT} describe --always --dirty --exclude * OUTPUT_VARIABLE commit
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    set(commit unknown)
  endif()
  file(CONFIGURE OUTPUT ${OUT} CONTENT
       [[#include "benchmarks/build_commit.h"
const char* service::built_from() { return "@commit@"; }
]] @ONLY)
  return()
endif()

set(source ${CMAKE_CURRENT_BINARY_DIR}/build_commit.cpp)
add_custom_target(write_build_commit BYPRODUCTS ${source} COMMAND
  ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -DOUT=${source} -P ${CMAKE_CURRENT_LIST_FILE})
add_library(build_commit OBJECT ${source})
target_include_directories(build_commit PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(build_commit PRIVATE workshop_options)
add_dependencies(build_commit write_build_commit)
