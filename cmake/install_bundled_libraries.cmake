# Run when component bundled is installed: copies each library of the system that `programs` need to
# `library_dir` under the name by which the loader asks for it, and its package's copyright to `licence_dir`.
# The C library stays: it belongs to the kernel and the loader of the machine.

file(GET_RUNTIME_DEPENDENCIES EXECUTABLES ${programs}
  RESOLVED_DEPENDENCIES_VAR libraries
  UNRESOLVED_DEPENDENCIES_VAR missing
  PRE_EXCLUDE_REGEXES "^(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util))\\.so")
if(missing)
  message(FATAL_ERROR "libraries were not found: ${missing}")
endif()
set(prefix $ENV{DESTDIR}${CMAKE_INSTALL_PREFIX})
foreach(library ${libraries})
  get_filename_component(name ${library} NAME)
  get_filename_component(real ${library} REALPATH)
  get_filename_component(directory ${real} DIRECTORY)
  if(directory STREQUAL own_libraries)  # HiGHS, which is installed with the programs
    continue()
  endif()
  message(STATUS "Bundling: ${name} from ${real}")
  file(MAKE_DIRECTORY ${prefix}/${library_dir})
  configure_file(${real} ${prefix}/${library_dir}/${name} COPYONLY)
  # Packages may know a file of /usr/lib as one of /lib.
  string(REGEX REPLACE "^/usr" "" alias ${real})
  execute_process(COMMAND dpkg-query -S ${real} ${alias} OUTPUT_VARIABLE owner ERROR_QUIET)
  if(owner MATCHES "^([a-z0-9.+-]+)")
    set(package ${CMAKE_MATCH_1})
    if(EXISTS /usr/share/doc/${package}/copyright)
      configure_file(/usr/share/doc/${package}/copyright ${prefix}/${licence_dir}/${package}.txt COPYONLY)
    endif()
  endif()
endforeach()
