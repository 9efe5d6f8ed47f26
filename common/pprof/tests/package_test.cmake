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
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_EXPORT_COMPILE_COMMANDS=ON)
# The service must see <httplib.h> as the library did: its macros change the layout of classes.
execute_process(COMMAND pkg-config --cflags-only-other cpp-httplib OUTPUT_VARIABLE flags
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags)
file(READ ${WORK_DIR}/build/compile_commands.json commands)
foreach(flag ${flags})
  if(NOT commands MATCHES " ${flag} ")
    message(FATAL_ERROR "failed: the service is compiled without ${flag}")
  endif()
endforeach()
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
run(${CMAKE_COMMAND} -E env PPROF_TOKEN=secret ${WORK_DIR}/build/my_service)
execute_process(COMMAND ${CMAKE_COMMAND} -E env --unset=PPROF_TOKEN ${WORK_DIR}/build/my_service
                RESULT_VARIABLE result ERROR_VARIABLE text)
if(NOT result EQUAL 2 OR NOT text MATCHES "PPROF_TOKEN is not set")
  message(FATAL_ERROR "failed: without a token my_service ended with ${result}, not 2: ${text}")
endif()
