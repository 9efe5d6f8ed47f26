# Installs the library into a new folder, then configures, builds and runs tests/package with it.
# cmake -DBUILD_DIR= -DSOURCE_DIR= -DWORK_DIR= -DCOMPILER= -P package_test.cmake
file(REMOVE_RECURSE ${WORK_DIR})
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result)
  if(result)
    message(FATAL_ERROR "failed: ${ARGN}")
  endif()
endfunction()
run(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${WORK_DIR}/prefix)
run(${CMAKE_COMMAND} -S ${SOURCE_DIR}/package -B ${WORK_DIR}/build
    -DCMAKE_PREFIX_PATH=${WORK_DIR}/prefix -DCMAKE_CXX_COMPILER=${COMPILER}
    -DCMAKE_BUILD_TYPE=Release)
# No HTTP library: the service compiles the adapter with whichever it has.
file(GLOB library ${WORK_DIR}/prefix/*/libpprof.a ${WORK_DIR}/prefix/*/*/libpprof.a)
execute_process(COMMAND nm ${library} OUTPUT_VARIABLE symbols ERROR_QUIET
                COMMAND_ERROR_IS_FATAL ANY)
if(NOT symbols MATCHES "pprof" OR symbols MATCHES "httplib")
  message(FATAL_ERROR "failed: ${library} has symbols of cpp-httplib, or none of pprof")
endif()
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
run(${CMAKE_COMMAND} -E env PPROF_TOKEN=secret ${WORK_DIR}/build/my_service)
# Each header alone, and a program without HTTP by pkg-config.
file(GLOB folder ${WORK_DIR}/prefix/*/pkgconfig ${WORK_DIR}/prefix/*/*/pkgconfig)
execute_process(COMMAND ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${folder}
                        pkg-config --cflags --libs pprof-heap
                OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags)
file(GLOB headers ${WORK_DIR}/prefix/include/pprof/*.h)
foreach(header ${headers})
  run(${COMPILER} -std=c++20 -Wall -Wextra -Werror -fsyntax-only -x c++ -include ${header} /dev/null
      -I${WORK_DIR}/prefix/include)
endforeach()
run(${COMPILER} -std=c++20 -g ${SOURCE_DIR}/../example/batch.cpp -o ${WORK_DIR}/batch ${flags})
run(${WORK_DIR}/batch ${WORK_DIR} 1)
execute_process(COMMAND ldd ${WORK_DIR}/batch OUTPUT_VARIABLE libraries COMMAND_ERROR_IS_FATAL ANY)
if(libraries MATCHES "http" OR NOT libraries MATCHES "libprofiler"
   OR NOT EXISTS ${WORK_DIR}/cpu.pb.gz OR NOT EXISTS ${WORK_DIR}/heap.pb.gz)
  message(FATAL_ERROR "failed: batch has written no profiles, or needs an HTTP library: ${libraries}")
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -E env --unset=PPROF_TOKEN ${WORK_DIR}/build/my_service
                RESULT_VARIABLE result ERROR_VARIABLE text)
if(NOT result EQUAL 2 OR NOT text MATCHES "PPROF_TOKEN is not set")
  message(FATAL_ERROR "failed: without a token my_service ended with ${result}, not 2: ${text}")
endif()
