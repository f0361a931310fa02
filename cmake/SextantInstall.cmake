# What is installed where, in components: runtime (programs, shipped data, scripts), development (libraries and
# headers for find_package(Sextant)). Nothing that is installed knows the prefix, so that it can be moved.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(SEXTANT_LIBRARY_DIR ${CMAKE_INSTALL_LIBDIR}/sextant)
set(SEXTANT_DATA_DIR ${CMAKE_INSTALL_DATADIR}/sextant)
set(SEXTANT_DOC_DIR ${CMAKE_INSTALL_DATAROOTDIR}/doc/sextant)
set(SEXTANT_INCLUDE_DIR ${CMAKE_INSTALL_INCLUDEDIR}/sextant)
set(SEXTANT_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/Sextant)

# Programs look for libraries beside themselves. The build is laid out alike and has the same path: were there
# two, CMake would fill one up with empty entries, which stand for the current directory.
file(RELATIVE_PATH library_dir /${CMAKE_INSTALL_BINDIR} /${SEXTANT_LIBRARY_DIR})
set(CMAKE_INSTALL_RPATH "$ORIGIN/${library_dir}")
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
if(SEXTANT_BUILD_DEVICE)
  # LibTorch is where it was found, in a Python environment as a rule, and in no path of the loader's.
  set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)
else()
  # As DT_RPATH, which unlike DT_RUNPATH also serves the libraries that are found there.
  add_link_options(LINKER:--disable-new-dtags)
endif()

# sextant_link_library_file(TARGET FILE LICENCE): TARGET, an interface library, links with FILE. One that is not
# the system's, as those in the cache, is installed with us, and its licence where there is one.
function(sextant_link_library_file target file licence)
  get_filename_component(directory ${file} DIRECTORY)
  get_filename_component(name ${file} NAME)
  get_filename_component(stem ${file} NAME_WE)
  if(CMAKE_FIND_ROOT_PATH)
    string(REPLACE "${CMAKE_FIND_ROOT_PATH}" "" directory_there ${directory})
  else()
    set(directory_there ${directory})
  endif()
  if(directory_there MATCHES "^(/usr)?/lib(64|/${CMAKE_LIBRARY_ARCHITECTURE})?$")
    string(REGEX REPLACE "^lib" "" link_name ${stem})
    target_link_libraries(${target} INTERFACE $<BUILD_INTERFACE:${file}> $<INSTALL_INTERFACE:${link_name}>)
    return()
  endif()
  if(name MATCHES "\\.a$")
    set(files ${file})
    set(component development)
  else()
    file(GLOB files ${directory}/${stem}.so*)
    set(component runtime)
  endif()
  file(COPY ${files} DESTINATION ${CMAKE_BINARY_DIR}/${SEXTANT_LIBRARY_DIR})
  target_link_libraries(${target} INTERFACE
    $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}/${SEXTANT_LIBRARY_DIR}/${name}>
    $<INSTALL_INTERFACE:$<INSTALL_PREFIX>/${SEXTANT_LIBRARY_DIR}/${name}>)
  install(FILES ${files} DESTINATION ${SEXTANT_LIBRARY_DIR} COMPONENT ${component})
  # Part of the programs, whichever component its file is in.
  install(FILES ${licence} DESTINATION ${SEXTANT_DOC_DIR}/licences RENAME ${stem}.txt
          COMPONENT runtime OPTIONAL)
endfunction()

# sextant_install_library(TARGET): for find_package(Sextant), as Sextant::<name without sextant_>.
function(sextant_install_library target)
  string(REGEX REPLACE "^sextant_" "" exported ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${exported})
  target_compile_features(${target} INTERFACE cxx_std_20)
  install(TARGETS ${target} EXPORT Sextant
          ARCHIVE DESTINATION ${SEXTANT_LIBRARY_DIR} COMPONENT development
          INCLUDES DESTINATION ${SEXTANT_INCLUDE_DIR})
endfunction()

# sextant_install_program(TARGET)
function(sextant_install_program target)
  install(TARGETS ${target} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
endfunction()

# sextant_install_rest(): all that is no target; to be called when the targets are there.
function(sextant_install_rest)
  install(DIRECTORY profiles launch slurm DESTINATION ${SEXTANT_DATA_DIR} COMPONENT runtime
          USE_SOURCE_PERMISSIONS PATTERN emit EXCLUDE)
  install(DIRECTORY docs/ DESTINATION ${SEXTANT_DOC_DIR} COMPONENT runtime)
  install(FILES README.md packaging/copyright DESTINATION ${SEXTANT_DOC_DIR} COMPONENT runtime)
  install(FILES packaging/copyright DESTINATION ${SEXTANT_DOC_DIR}-dev COMPONENT development)
  install(DIRECTORY analyzer planner DESTINATION ${SEXTANT_INCLUDE_DIR} COMPONENT development
          FILES_MATCHING PATTERN *.h)

  foreach(target sextant_metis sextant_highs)
    if(TARGET ${target})
      string(REGEX REPLACE "^sextant_" "" exported ${target})
      set_target_properties(${target} PROPERTIES EXPORT_NAME ${exported})
      install(TARGETS ${target} EXPORT Sextant)
    endif()
  endforeach()
  install(EXPORT Sextant NAMESPACE Sextant:: FILE SextantTargets.cmake DESTINATION ${SEXTANT_CMAKE_DIR}
          COMPONENT development)
  configure_package_config_file(cmake/SextantConfig.cmake.in ${CMAKE_BINARY_DIR}/SextantConfig.cmake
    INSTALL_DESTINATION ${SEXTANT_CMAKE_DIR} PATH_VARS SEXTANT_DATA_DIR)
  # Until 1.0 a minor version may change what is called how.
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/SextantConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_BINARY_DIR}/SextantConfig.cmake ${CMAKE_BINARY_DIR}/SextantConfigVersion.cmake
          DESTINATION ${SEXTANT_CMAKE_DIR} COMPONENT development)
endfunction()
