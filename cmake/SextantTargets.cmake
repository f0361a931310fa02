# Every target of ours is declared through these functions, so that flags are set in one place.

add_library(sextant_options INTERFACE)
target_include_directories(sextant_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(sextant_options INTERFACE SEXTANT_VERSION="${PROJECT_VERSION}")
set(warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overlapping copies in std::string that are not there (GCC bug 105651).
  list(APPEND warnings -Wno-restrict)
endif()
if(SEXTANT_WARNINGS_AS_ERRORS)
  list(APPEND warnings -Werror)
endif()
# Not for device code: what nvcc hands to the host compiler was never meant to pass these.
target_compile_options(sextant_options INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${warnings}>")
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  # Elsewhere compilers join a product and a sum into one rounding: other last digits, other bytes of results.
  target_compile_options(sextant_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off>)
endif()
if(SEXTANT_SANITIZE)
  target_compile_options(sextant_options INTERFACE -fsanitize=address,undefined
                         -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(sextant_options INTERFACE -fsanitize=address,undefined)
endif()

# sextant_library(NAME SOURCES a.cpp … [LINK target …]): a static library of one source folder. Those of the
# analyzer and the planners are for others too.
function(sextant_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_LINK} PRIVATE $<BUILD_INTERFACE:sextant_options>)
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  if(folder MATCHES "^(analyzer|planner)(/|$)")
    sextant_install_library(${name})
  endif()
endfunction()

# sextant_registered(OUT KIND registry.def): adds the folder of every line KIND(x) of the registry, and sets
# OUT to their libraries: sextant_estimator_x, sextant_planner_x.
function(sextant_registered out kind registry)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${registry})
  string(TOLOWER ${kind} prefix)
  file(STRINGS ${registry} lines REGEX "^${kind}\\(")
  set(libraries "")
  foreach(line ${lines})
    string(REGEX REPLACE "^${kind}\\(([a-z_]+)\\).*" "\\1" name ${line})
    add_subdirectory(${name})
    list(APPEND libraries sextant_${prefix}_${name})
  endforeach()
  set(${out} ${libraries} PARENT_SCOPE)
endfunction()

# sextant_program(NAME SOURCES a.cpp … [LINK target …])
function(sextant_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} sextant_options)
endfunction()

# sextant_test(NAME SOURCES a_test.cpp … [LINK target …] [LABELS label …] [SERIAL]): one GoogleTest
# program of one folder. Label `device`: it needs LibTorch or CUDA, so that only preset full has it.
# SERIAL: it looks at times, and has the machine for itself.
# Tests find the repository and the shipped data through tests/support/project_paths.h, published
# inputs through SEXTANT_DATA.
function(sextant_test name)
  cmake_parse_arguments(ARG "SERIAL" "" "SOURCES;LINK;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} sextant_project_paths GTest::gmock GTest::gtest_main
                        sextant_options)
  # A test's own code runs once: compiling it takes longer than what the optimizer would save.
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:$<IF:$<BOOL:${SEXTANT_SANITIZE}>,-O0,-O1>>)
  set(properties ENVIRONMENT "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp")
  if(ARG_LABELS)
    list(APPEND properties LABELS ${ARG_LABELS})
  endif()
  if(ARG_SERIAL)
    list(APPEND properties RUN_SERIAL ON)
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
endfunction()
