# add_stage_probe(<stage>): probe-<stage>, which counts what the labs are graded by. It replaces
# malloc, write and the mutex functions, so sanitizers get no such program.
function(add_stage_probe stage)
  if(WORKSHOP_SANITIZE)
    return()
  endif()
  set(directory ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  add_executable(probe-${stage}
    ${directory}/counting.cpp
    ${directory}/main.cpp
    ${directory}/probe_costs.cpp
    ${directory}/probe_recent.cpp
    ${directory}/probe_state.cpp
  )
  target_link_libraries(probe-${stage} PRIVATE
    stage-${stage} nlohmann_json::nlohmann_json workshop_options ${CMAKE_DL_LIBS})
  foreach(function record_block record_mutex)
    target_link_options(probe-${stage} PRIVATE
      LINKER:--wrap=_ZN5pprof8internal12${function}ElPKv)
  endforeach()
endfunction()
