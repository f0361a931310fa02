# Run by CPack on what it has gathered for Debian's packages, where Debian has its own ways: completions of zsh have
# another place, and manual pages are compressed.
if(NOT CPACK_GENERATOR STREQUAL "DEB")
  return()
endif()
file(GLOB pages ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/man/man1/*.1)
if(pages)
  execute_process(COMMAND gzip -9n ${pages} COMMAND_ERROR_IS_FATAL ANY)
endif()
file(GLOB zsh ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/zsh)
foreach(folder ${zsh})
  file(RENAME ${folder}/site-functions ${folder}/vendor-completions)
endforeach()
