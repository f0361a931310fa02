# Run at every build: writes HEADER with the revision of the source tree, only where that changed.
cmake_minimum_required(VERSION 3.22)
set(revision unknown)
file(REAL_PATH ${SOURCE_DIR} source)
execute_process(COMMAND git -C ${SOURCE_DIR} rev-parse --show-toplevel
  OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
# Sources that were unpacked within somebody else's repository are not of its revision.
if(top STREQUAL source)
  execute_process(COMMAND git -C ${SOURCE_DIR} describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(revision ${described})
  endif()
endif()
file(CONFIGURE OUTPUT ${HEADER} CONTENT "#pragma once\n#define SEXTANT_GIT_REVISION \"@revision@\"\n" @ONLY)
