# Manual pages and completion of the shells, which each program writes of itself: a folder share/ in the build.

if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
  message(STATUS "Manual and completion are off: programs for ${CMAKE_SYSTEM_PROCESSOR} do not run here")
  return()
endif()
set(share ${CMAKE_BINARY_DIR}/share)
set(programs sextant gather_profs profile_model)
foreach(program run_plan nccl_bench)
  if(TARGET ${program})
    list(APPEND programs ${program})
  endif()
endforeach()
set(commands "")
foreach(program ${programs})
  list(APPEND commands COMMAND ${program} --write-documentation ${share})
endforeach()
# From nothing, so that no page outlives its subcommand.
add_custom_command(OUTPUT ${share}/written
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${share}
  ${commands}
  COMMAND ${CMAKE_COMMAND} -E touch ${share}/written
  DEPENDS ${programs} COMMENT "Writing the manual" VERBATIM)
add_custom_target(sextant_manual ALL DEPENDS ${share}/written)
install(DIRECTORY ${share}/ DESTINATION ${CMAKE_INSTALL_DATADIR} COMPONENT runtime
        PATTERN written EXCLUDE)
