# Finds what programs that run on GPUs need, and says what is switched off for want of what. Sets
# SEXTANT_DEVICE_SUMMARY for `sextant --version`, SEXTANT_HAS_CUDA, and the imported targets
# CUDA::cudart, sextant_nccl and sextant_cupti where they are found; SEXTANT_TORCH_DIR for LibTorch.

set(SEXTANT_HAS_CUDA OFF)
set(SEXTANT_DEVICE_SUMMARY "not built (they belong to the preset full)")
if(NOT SEXTANT_BUILD_DEVICE)
  return()
endif()

# The toolkit is often installed without being in PATH.
if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  find_program(SEXTANT_NVCC nvcc HINTS ENV CUDA_HOME ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin)
  if(SEXTANT_NVCC)
    set(CMAKE_CUDA_COMPILER ${SEXTANT_NVCC})
  endif()
endif()
include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  set(SEXTANT_DEVICE_SUMMARY "off: no CUDA compiler")
  message(STATUS "Device programs are off: no CUDA compiler (nvcc) in PATH, CUDA_HOME or /usr/local/cuda")
  return()
endif()

if(NOT CMAKE_CUDA_ARCHITECTURES)
  # From the V100 (which CUDA 13 no longer knows) to Blackwell; what follows runs the last one's PTX.
  execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --version OUTPUT_VARIABLE nvcc_version)
  string(REGEX MATCH "release ([0-9]+)" _ "${nvcc_version}")
  if(CMAKE_MATCH_1 LESS 13)
    set(CMAKE_CUDA_ARCHITECTURES 70-real 75-real 80-real 90)
  else()
    set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 90-real 100)
  endif()
endif()
enable_language(CUDA)
find_package(CUDAToolkit REQUIRED)
set(CMAKE_CUDA_STANDARD 17)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
set(SEXTANT_HAS_CUDA ON)
set(parts "CUDA ${CUDAToolkit_VERSION}")
set(absent "")

# sextant_find_device_library(NAME header library): target sextant_NAME, or NAME among the absent.
macro(sextant_find_device_library name header library)
  find_path(SEXTANT_${name}_INCLUDE ${header} HINTS ${CUDAToolkit_INCLUDE_DIRS} ENV ${name}_HOME
            PATH_SUFFIXES include ../extras/CUPTI/include)
  find_library(SEXTANT_${name}_LIBRARY ${library} HINTS ${CUDAToolkit_LIBRARY_DIR} ENV ${name}_HOME
               PATH_SUFFIXES lib lib64 ../extras/CUPTI/lib64)
  string(TOLOWER ${name} lower)
  if(SEXTANT_${name}_INCLUDE AND SEXTANT_${name}_LIBRARY)
    add_library(sextant_${lower} INTERFACE)
    target_include_directories(sextant_${lower} SYSTEM INTERFACE ${SEXTANT_${name}_INCLUDE})
    target_link_libraries(sextant_${lower} INTERFACE ${SEXTANT_${name}_LIBRARY})
    list(APPEND parts ${name})
  else()
    list(APPEND absent ${name})
  endif()
endmacro()
sextant_find_device_library(NCCL nccl.h nccl)
sextant_find_device_library(CUPTI cupti.h cupti)

# Only located here: its package pulls flags into every target, so that it is found where it is used.
set(cache "$ENV{SEXTANT_CACHE}")
if(NOT cache)
  set(cache "$ENV{HOME}/.cache/sextant")
endif()
file(GLOB wheels "${cache}/venv/lib/python3*/site-packages/torch"
     "$ENV{VIRTUAL_ENV}/lib/python3*/site-packages/torch"
     "/usr/local/lib/python3*/*-packages/torch" "/usr/lib/python3/dist-packages/torch")
find_path(SEXTANT_TORCH_DIR TorchConfig.cmake HINTS ENV LIBTORCH ${wheels}
          PATH_SUFFIXES share/cmake/Torch)
if(SEXTANT_TORCH_DIR)
  list(APPEND parts LibTorch)
else()
  list(APPEND absent LibTorch)
endif()

list(JOIN parts ", " SEXTANT_DEVICE_SUMMARY)
if(absent)
  list(JOIN absent ", " absent_text)
  string(APPEND SEXTANT_DEVICE_SUMMARY ", without ${absent_text}")
endif()
message(STATUS "Device programs: ${SEXTANT_DEVICE_SUMMARY}")
if("LibTorch" IN_LIST absent)
  message(STATUS "LibTorch was not found; ./setup --full installs it")
endif()
