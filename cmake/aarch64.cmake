# Toolchain of preset aarch64: Debian's cross compiler, and the libraries that packaging/aarch64_sysroot.sh
# lays out. Where qemu-aarch64-static is installed, the programs run through it.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

set(SEXTANT_SYSROOT "$ENV{SEXTANT_CACHE}")
if(NOT SEXTANT_SYSROOT)
  set(SEXTANT_SYSROOT "$ENV{HOME}/.cache/sextant")
endif()
string(APPEND SEXTANT_SYSROOT /aarch64)
if(NOT EXISTS ${SEXTANT_SYSROOT}/content)
  message(FATAL_ERROR "No libraries for aarch64 in ${SEXTANT_SYSROOT}: run packaging/aarch64_sysroot.sh")
endif()

# Not CMAKE_SYSROOT: the C and C++ libraries are the compiler's own.
set(CMAKE_FIND_ROOT_PATH ${SEXTANT_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# What libraries themselves are linked with.
string(APPEND CMAKE_EXE_LINKER_FLAGS_INIT " -Wl,-rpath-link,${SEXTANT_SYSROOT}/usr/lib/aarch64-linux-gnu")

find_program(SEXTANT_QEMU qemu-aarch64-static)
if(SEXTANT_QEMU)
  # The loader and the C library must be of one build: with the cross compiler's loader threads do not start.
  set(CMAKE_CROSSCOMPILING_EMULATOR ${SEXTANT_QEMU} -L ${SEXTANT_SYSROOT}
      -E LD_LIBRARY_PATH=${SEXTANT_SYSROOT}/usr/lib/aarch64-linux-gnu)
endif()
