#[=======================================================================[.rst:
FindLibTorch
------------

Finds LibTorch by its headers and libraries alone, without TorchConfig.cmake,
which refuses a CUDA build of LibTorch on a machine without the CUDA toolkit.
A pip or conda ``torch`` serves as well as the zip from pytorch.org.

``LibTorch_ROOT`` (variable or environment), ``CMAKE_PREFIX_PATH`` and
``Torch_DIR`` say where it is: the folder that holds ``include/`` and ``lib/``,
or its ``share/cmake``. ``LibTorch_HINT`` is tried last.

Imported targets:

``LibTorch::LibTorch``  what a program needs on any device
``LibTorch::cuda``      and the headers and runtime of CUDA, if both are there
``LibTorch::nccl``      and NCCL for ProcessGroupNCCL, if its header is there

Variables: ``LibTorch_FOUND``, ``LibTorch_VERSION``, ``LibTorch_PREFIX``, and
``LibTorch_CUDA_VERSION``, the major version of CUDA that LibTorch was built
for, empty for a CPU build.
#]=======================================================================]

include(FindPackageHandleStandardArgs)

# Whoever names a place means that place; the hint is for those who name none.
set(_LibTorch_hints "")
if(Torch_DIR)
  list(APPEND _LibTorch_hints "${Torch_DIR}/../../..")
endif()
if(NOT DEFINED LibTorch_ROOT AND NOT DEFINED ENV{LibTorch_ROOT})
  list(APPEND _LibTorch_hints ${LibTorch_HINT})
endif()
find_path(
  LibTorch_INCLUDE_DIR torch/csrc/api/include/torch/torch.h
  HINTS ${_LibTorch_hints}
  PATH_SUFFIXES include ../../include
  NO_CACHE NO_SYSTEM_ENVIRONMENT_PATH NO_CMAKE_SYSTEM_PATH)

set(LibTorch_PREFIX "")
set(LibTorch_VERSION "")
set(LibTorch_CUDA_VERSION "")
if(LibTorch_INCLUDE_DIR)
  file(REAL_PATH "${LibTorch_INCLUDE_DIR}/.." LibTorch_PREFIX)
  set(LibTorch_INCLUDE_DIR "${LibTorch_PREFIX}/include")

  # The version moved to a header of its own in 2.9.
  foreach(_LibTorch_header torch/headeronly/version.h
                           torch/csrc/api/include/torch/version.h)
    if(EXISTS "${LibTorch_INCLUDE_DIR}/${_LibTorch_header}" AND NOT LibTorch_VERSION)
      file(STRINGS "${LibTorch_INCLUDE_DIR}/${_LibTorch_header}" LibTorch_VERSION
           REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
      string(REGEX REPLACE "[^0-9;]" "" LibTorch_VERSION "${LibTorch_VERSION}")
      list(JOIN LibTorch_VERSION "." LibTorch_VERSION)
    endif()
  endforeach()
endif()

foreach(_LibTorch_name torch torch_cpu c10 torch_cuda c10_cuda)
  find_library(
    LibTorch_${_LibTorch_name}_LIBRARY ${_LibTorch_name}
    PATHS "${LibTorch_PREFIX}/lib" NO_CACHE NO_DEFAULT_PATH)
endforeach()

find_package_handle_standard_args(
  LibTorch
  REQUIRED_VARS LibTorch_PREFIX LibTorch_torch_LIBRARY
                LibTorch_torch_cpu_LIBRARY LibTorch_c10_LIBRARY
  VERSION_VAR LibTorch_VERSION HANDLE_VERSION_RANGE
  REASON_FAILURE_MESSAGE
    "give the folder that holds include/ and lib/ with -DLibTorch_ROOT=...")
if(NOT LibTorch_FOUND)
  return()
endif()

# The CUDA that LibTorch was built for is written in what c10_cuda needs.
if(LibTorch_torch_cuda_LIBRARY AND LibTorch_c10_cuda_LIBRARY)
  file(STRINGS "${LibTorch_c10_cuda_LIBRARY}" LibTorch_CUDA_VERSION
       REGEX "^libcudart\\.so\\.[0-9]+" LIMIT_COUNT 1)
  string(REGEX MATCH "[0-9]+" LibTorch_CUDA_VERSION "${LibTorch_CUDA_VERSION}")
endif()

if(TARGET LibTorch::LibTorch)
  return()
endif()

function(_LibTorch_import name location)
  add_library(LibTorch::${name} SHARED IMPORTED)
  set_target_properties(LibTorch::${name} PROPERTIES IMPORTED_LOCATION "${location}")
endfunction()

_LibTorch_import(torch_cpu "${LibTorch_torch_cpu_LIBRARY}")
_LibTorch_import(c10 "${LibTorch_c10_LIBRARY}")
add_library(LibTorch::LibTorch INTERFACE IMPORTED)
target_include_directories(
  LibTorch::LibTorch INTERFACE "${LibTorch_INCLUDE_DIR}"
                               "${LibTorch_INCLUDE_DIR}/torch/csrc/api/include")
if(LibTorch_VERSION VERSION_GREATER_EQUAL 2.14)
  target_compile_features(LibTorch::LibTorch INTERFACE cxx_std_20)
else()
  target_compile_features(LibTorch::LibTorch INTERFACE cxx_std_17)
endif()
# libtorch itself defines nothing, it only loads the kernels of every device: a
# linker that drops unneeded libraries would drop them all. One string, as the
# flags must stay around it, and quoted for the shell, as CMake takes flags as they
# are.
set(_LibTorch_torch "${LibTorch_torch_LIBRARY}")
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  string(REPLACE "'" "'\\''" _LibTorch_torch "${LibTorch_torch_LIBRARY}")
  set(_LibTorch_torch "-Wl,--push-state,--no-as-needed '${_LibTorch_torch}' -Wl,--pop-state")
endif()
# CMake writes -Wl,-rpath,FOLDER, where a comma would end the folder.
if(LibTorch_PREFIX MATCHES "," AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
  foreach(_LibTorch_kind SHARED_LIBRARY EXECUTABLE)
    set(CMAKE_${_LibTorch_kind}_RUNTIME_CXX_FLAG "-Xlinker -rpath -Xlinker ")
    set(CMAKE_${_LibTorch_kind}_RPATH_LINK_CXX_FLAG "-Xlinker -rpath-link -Xlinker ")
  endforeach()
endif()
target_link_libraries(LibTorch::LibTorch INTERFACE LibTorch::torch_cpu LibTorch::c10
                                                   "${_LibTorch_torch}")

if(NOT LibTorch_CUDA_VERSION)
  return()
endif()

# pip's CUDA packages lie beside torch and match it; a toolkit is second choice.
file(GLOB _LibTorch_nvidia "${LibTorch_PREFIX}/../nvidia/*")
set(_LibTorch_search
    HINTS ${_LibTorch_nvidia}
    PATHS ${CUDAToolkit_ROOT} ENV CUDA_HOME ENV CUDA_PATH /usr/local/cuda
    NO_CACHE NO_CMAKE_PATH NO_CMAKE_ENVIRONMENT_PATH)
set(_LibTorch_cuda_includes "")
set(LibTorch_CUDA_MISSING "")
foreach(_LibTorch_header cuda_runtime_api.h crt/host_config.h nv/target
                         cublas_v2.h cusparse.h cusolverDn.h)
  unset(_LibTorch_dir)
  find_path(_LibTorch_dir ${_LibTorch_header} ${_LibTorch_search}
            PATH_SUFFIXES include include/cccl)
  if(_LibTorch_dir)
    list(APPEND _LibTorch_cuda_includes "${_LibTorch_dir}")
  else()
    list(APPEND LibTorch_CUDA_MISSING ${_LibTorch_header})
  endif()
endforeach()
list(REMOVE_DUPLICATES _LibTorch_cuda_includes)
# pip's package has no unversioned name.
find_library(_LibTorch_cudart libcudart.so.${LibTorch_CUDA_VERSION}
             ${_LibTorch_search} PATH_SUFFIXES lib lib64)
if(NOT _LibTorch_cudart)
  list(APPEND LibTorch_CUDA_MISSING libcudart.so.${LibTorch_CUDA_VERSION})
endif()
if(LibTorch_CUDA_MISSING)
  return()
endif()

_LibTorch_import(torch_cuda "${LibTorch_torch_cuda_LIBRARY}")
_LibTorch_import(c10_cuda "${LibTorch_c10_cuda_LIBRARY}")
_LibTorch_import(cudart "${_LibTorch_cudart}")
add_library(LibTorch::cuda INTERFACE IMPORTED)
target_include_directories(LibTorch::cuda INTERFACE ${_LibTorch_cuda_includes})
target_link_libraries(LibTorch::cuda INTERFACE LibTorch::LibTorch LibTorch::torch_cuda
                                               LibTorch::c10_cuda LibTorch::cudart)

unset(_LibTorch_dir)
find_path(_LibTorch_dir nccl.h ${_LibTorch_search} PATH_SUFFIXES include)
if(_LibTorch_dir)
  add_library(LibTorch::nccl INTERFACE IMPORTED)
  target_include_directories(LibTorch::nccl INTERFACE "${_LibTorch_dir}")
  target_compile_definitions(LibTorch::nccl INTERFACE USE_C10D_NCCL)
  target_link_libraries(LibTorch::nccl INTERFACE LibTorch::cuda)
endif()
