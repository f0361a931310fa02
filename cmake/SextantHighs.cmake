# Finds HiGHS, which solves the mixed-integer programs of planner milp: target sextant_highs and
# SEXTANT_HIGHS_VERSION where it is there. `./setup` puts the wheel highsbox into the cache; one of the
# system serves as well. Through its C interface, since a library that others compiled may have another
# C++ library's layout of strings.

set(highs_hint "$ENV{SEXTANT_CACHE}")
if(NOT highs_hint)
  set(highs_hint "$ENV{HOME}/.cache/sextant")
endif()
file(GLOB highs_hint "${highs_hint}/venv/lib/python3*/site-packages/highsbox/highs_dist")
list(APPEND highs_hint /opt/highs)
find_path(SEXTANT_HIGHS_INCLUDE interfaces/highs_c_api.h HINTS ${highs_hint} PATH_SUFFIXES include/highs highs)
find_library(SEXTANT_HIGHS_LIBRARY highs HINTS ${highs_hint} PATH_SUFFIXES lib)
if(SEXTANT_HIGHS_INCLUDE AND EXISTS ${SEXTANT_HIGHS_INCLUDE}/HConfig.h)
  set(highs_version "")
  foreach(part MAJOR MINOR PATCH)
    file(STRINGS ${SEXTANT_HIGHS_INCLUDE}/HConfig.h line REGEX "define HIGHS_VERSION_${part} ")
    string(REGEX MATCH "[0-9]+" number "${line}")
    list(APPEND highs_version "${number}")
  endforeach()
  list(JOIN highs_version "." highs_version)
endif()
set(highs_least 1.10)  # has the callbacks and their data as used here
if(SEXTANT_HIGHS_INCLUDE AND SEXTANT_HIGHS_LIBRARY AND highs_version VERSION_GREATER_EQUAL ${highs_least})
  set(SEXTANT_HIGHS_VERSION ${highs_version})
  add_library(sextant_highs INTERFACE)
  target_include_directories(sextant_highs SYSTEM INTERFACE
    $<BUILD_INTERFACE:${SEXTANT_HIGHS_INCLUDE}> $<BUILD_INTERFACE:${SEXTANT_HIGHS_INCLUDE}/..>)
  target_compile_definitions(sextant_highs INTERFACE SEXTANT_HAS_HIGHS)
  get_filename_component(highs_licence ${SEXTANT_HIGHS_LIBRARY}/../../share/doc/HIGHS/LICENSE.txt ABSOLUTE)
  sextant_link_library_file(sextant_highs ${SEXTANT_HIGHS_LIBRARY} ${highs_licence})
elseif(SEXTANT_HIGHS_INCLUDE AND SEXTANT_HIGHS_LIBRARY)
  message(STATUS "Planner milp is off: HiGHS ${highs_version} is older than ${highs_least}; ./setup installs another")
else()
  message(STATUS "Planner milp is off: HiGHS was not found; ./setup installs it")
endif()
