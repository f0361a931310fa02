# Finds what programs that run on devices need, and says what is switched off for want of what. Sets
# SEXTANT_DEVICE_SUMMARY for `sextant --version`, SEXTANT_HAS_CUDA and SEXTANT_HAS_TORCH, and the
# imported targets CUDA::cudart, sextant_nccl, sextant_cupti and sextant_torch where they are found.
# LibTorch needs no CUDA: programs on it then know the CPU device only.

set(SEXTANT_HAS_CUDA OFF)
set(SEXTANT_HAS_TORCH OFF)
set(SEXTANT_DEVICE_SUMMARY "not built (they belong to the preset full)")
if(NOT SEXTANT_BUILD_DEVICE)
  return()
endif()
set(parts "")
set(absent "")

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
  list(APPEND absent CUDA)
  message(STATUS "CUDA is off: no compiler (nvcc) in PATH, CUDA_HOME or /usr/local/cuda")
endif()

# sextant_find_device_library(NAME header library version_header): target sextant_NAME, or NAME among the
# absent. Its version is what the last header says: NCCL_MAJOR and so on, CUPTI_API_VERSION.
macro(sextant_find_device_library name header library version_header)
  find_path(SEXTANT_${name}_INCLUDE ${header} HINTS ${CUDAToolkit_INCLUDE_DIRS} ENV ${name}_HOME
            PATH_SUFFIXES include ../extras/CUPTI/include)
  find_library(SEXTANT_${name}_LIBRARY ${library} HINTS ${CUDAToolkit_LIBRARY_DIR} ENV ${name}_HOME
               PATH_SUFFIXES lib lib64 ../extras/CUPTI/lib64)
  string(TOLOWER ${name} lower)
  if(SEXTANT_${name}_INCLUDE AND SEXTANT_${name}_LIBRARY)
    add_library(sextant_${lower} INTERFACE)
    target_include_directories(sextant_${lower} SYSTEM INTERFACE ${SEXTANT_${name}_INCLUDE})
    target_link_libraries(sextant_${lower} INTERFACE ${SEXTANT_${name}_LIBRARY})
    file(STRINGS ${SEXTANT_${name}_INCLUDE}/${version_header} version
         REGEX "#define (${name}_(MAJOR|MINOR|PATCH)|${name}_API_VERSION) +[0-9]+")
    string(REGEX REPLACE "[^0-9;]" "" version "${version}")
    list(JOIN version "." version)
    list(APPEND parts "${name} ${version}")
  else()
    list(APPEND absent ${name})
  endif()
endmacro()
if(CMAKE_CUDA_COMPILER)
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
  list(APPEND parts "CUDA ${CUDAToolkit_VERSION}")
  sextant_find_device_library(NCCL nccl.h nccl nccl.h)
  sextant_find_device_library(CUPTI cupti.h cupti cupti_version.h)
endif()

# LibTorch: a target of our own, since its package demands the toolkit of the wheel even for the CPU
# device, and pulls flags into every target.
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
  get_filename_component(torch_root ${SEXTANT_TORCH_DIR}/../../.. ABSOLUTE)
  find_path(SEXTANT_TORCH_INCLUDE ATen/ATen.h HINTS ${torch_root}/include NO_DEFAULT_PATH)
  find_library(SEXTANT_TORCH_CPU_LIBRARY torch_cpu HINTS ${torch_root}/lib NO_DEFAULT_PATH)
  find_library(SEXTANT_C10_LIBRARY c10 HINTS ${torch_root}/lib NO_DEFAULT_PATH)
  find_library(SEXTANT_TORCH_CUDA_LIBRARY torch_cuda HINTS ${torch_root}/lib NO_DEFAULT_PATH)
  find_library(SEXTANT_C10_CUDA_LIBRARY c10_cuda HINTS ${torch_root}/lib NO_DEFAULT_PATH)
endif()
if(SEXTANT_TORCH_INCLUDE AND SEXTANT_TORCH_CPU_LIBRARY AND SEXTANT_C10_LIBRARY)
  set(SEXTANT_HAS_TORCH ON)
  add_library(sextant_torch INTERFACE)
  # After the system's own: the wheel carries headers of fmt and others that differ from what we link.
  target_compile_options(sextant_torch INTERFACE "SHELL:-idirafter ${SEXTANT_TORCH_INCLUDE}"
    "SHELL:-idirafter ${SEXTANT_TORCH_INCLUDE}/torch/csrc/api/include")
  target_link_libraries(sextant_torch INTERFACE ${SEXTANT_TORCH_CPU_LIBRARY} ${SEXTANT_C10_LIBRARY})
  foreach(header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)  # the latter till 2.8
    if(NOT torch_version AND EXISTS ${SEXTANT_TORCH_INCLUDE}/${header})
      file(STRINGS ${SEXTANT_TORCH_INCLUDE}/${header} torch_version REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
    endif()
  endforeach()
  string(REGEX REPLACE "[^0-9;]" "" torch_version "${torch_version}")
  list(JOIN torch_version "." torch_version)
  list(APPEND parts "LibTorch ${torch_version}")
  if(SEXTANT_HAS_CUDA AND TARGET sextant_nccl AND SEXTANT_TORCH_CUDA_LIBRARY AND SEXTANT_C10_CUDA_LIBRARY)
    # Its kernels are registered when it is loaded, which the linker must not find needless.
    target_link_libraries(sextant_torch INTERFACE CUDA::cudart sextant_nccl ${SEXTANT_C10_CUDA_LIBRARY}
      "-Wl,--no-as-needed,${SEXTANT_TORCH_CUDA_LIBRARY},--as-needed")
    target_compile_definitions(sextant_torch INTERFACE SEXTANT_TORCH_CUDA USE_C10D_NCCL)
  else()
    list(APPEND absent "LibTorch on CUDA")
  endif()
  # The wheel has c10d's Gloo but not Gloo's headers, which only declare types here.
  find_path(SEXTANT_GLOO_INCLUDE gloo/algorithm.h)
  if(SEXTANT_GLOO_INCLUDE)
    target_include_directories(sextant_torch SYSTEM INTERFACE ${SEXTANT_GLOO_INCLUDE})
    target_compile_definitions(sextant_torch INTERFACE USE_C10D_GLOO)
    list(APPEND parts Gloo)
  else()
    list(APPEND absent Gloo)
  endif()
else()
  list(APPEND absent LibTorch)
endif()

if(parts)
  list(JOIN parts ", " SEXTANT_DEVICE_SUMMARY)
else()
  set(SEXTANT_DEVICE_SUMMARY "none")
endif()
if(absent)
  list(JOIN absent ", " absent_text)
  string(APPEND SEXTANT_DEVICE_SUMMARY ", without ${absent_text}")
endif()
message(STATUS "Device programs: ${SEXTANT_DEVICE_SUMMARY}")
if("LibTorch" IN_LIST absent)
  message(STATUS "LibTorch was not found; ./setup --full installs it")
endif()
