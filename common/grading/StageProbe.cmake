# add_stage_probe(<stage>): probe-<stage>, which counts what the labs are graded by. It replaces
# malloc and write, so sanitizers get no such program.
function(add_stage_probe stage)
  if(WORKSHOP_SANITIZE)
    return()
  endif()
  set(directory ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  add_executable(probe-${stage}
    ${directory}/counting.cpp
    ${directory}/main.cpp
    ${directory}/probe_costs.cpp
    ${directory}/probe_state.cpp
  )
  target_link_libraries(probe-${stage} PRIVATE
    stage-${stage} nlohmann_json::nlohmann_json workshop_options ${CMAKE_DL_LIBS})
endfunction()
