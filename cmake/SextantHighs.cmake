# Finds HiGHS, which solves the mixed-integer programs of planner milp: target sextant_highs and
# SEXTANT_HIGHS_VERSION where it is there. `./setup` puts the wheel highsbox into the cache; one of the
# system serves as well. Through its C interface, since a library that others compiled may have another
# C++ library's layout of strings.

set(highs_hint "$ENV{SEXTANT_CACHE}")
if(NOT highs_hint)
  set(highs_hint "$ENV{HOME}/.cache/sextant")
endif()
file(GLOB highs_hint "${highs_hint}/venv/lib/python3*/site-packages/highsbox/highs_dist")
find_path(SEXTANT_HIGHS_INCLUDE interfaces/highs_c_api.h HINTS ${highs_hint}/include PATH_SUFFIXES highs)
find_library(SEXTANT_HIGHS_LIBRARY highs HINTS ${highs_hint}/lib)
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
  target_include_directories(sextant_highs SYSTEM INTERFACE ${SEXTANT_HIGHS_INCLUDE} ${SEXTANT_HIGHS_INCLUDE}/..)
  target_link_libraries(sextant_highs INTERFACE ${SEXTANT_HIGHS_LIBRARY})
  target_compile_definitions(sextant_highs INTERFACE SEXTANT_HAS_HIGHS)
  # Programs find it where it is, installed or not. The same path for both: else CMake fills one up with
  # empty entries, which stand for the current directory.
  set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)
  set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
elseif(SEXTANT_HIGHS_INCLUDE AND SEXTANT_HIGHS_LIBRARY)
  message(STATUS "Planner milp is off: HiGHS ${highs_version} is older than ${highs_least}; ./setup installs another")
else()
  message(STATUS "Planner milp is off: HiGHS was not found; ./setup installs it")
endif()
