# LibTorch, from the first of these that has one:
#
# 1. a target of the parent project, LibTorch_ROOT, CMAKE_PREFIX_PATH, Torch_DIR;
# 2. the active Python;
# 3. when expandnet is the top-level project, a private Python environment in the
#    user's cache, made on first use and shared by all build trees.
#
# What 2 or 3 gave is remembered in the cache variable LibTorch_HINT.

if(TARGET LibTorch::LibTorch)
  return()
endif()

list(PREPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
include(PythonLibTorch)

set(expandnet_LIBTORCH_OLDEST 2.7)
set(expandnet_LIBTORCH_REMEDY
    "give the folder that holds include/ and lib/ with -DLibTorch_ROOT=...")

find_package(LibTorch ${expandnet_LIBTORCH_OLDEST} QUIET)
if(NOT LibTorch_FOUND)
  if(LibTorch_VERSION)
    message(FATAL_ERROR "expandnet needs LibTorch ${expandnet_LIBTORCH_OLDEST} or newer, "
                        "got ${LibTorch_VERSION} at ${LibTorch_PREFIX}")
  elseif(DEFINED LibTorch_ROOT)
    message(FATAL_ERROR "expandnet finds no LibTorch at LibTorch_ROOT, got ${LibTorch_ROOT}; "
                        "${expandnet_LIBTORCH_REMEDY}")
  elseif(DEFINED ENV{LibTorch_ROOT})
    message(FATAL_ERROR "expandnet finds no LibTorch at the environment's LibTorch_ROOT, "
                        "got $ENV{LibTorch_ROOT}; ${expandnet_LIBTORCH_REMEDY}")
  endif()

  expandnet_libtorch_of_active_python(LibTorch_HINT)
  if(LibTorch_HINT)
    find_package(LibTorch ${expandnet_LIBTORCH_OLDEST} QUIET)
    if(NOT LibTorch_FOUND)
      message(STATUS "LibTorch ${LibTorch_VERSION} of the active Python is left alone: "
                     "expandnet needs ${expandnet_LIBTORCH_OLDEST} or newer")
    endif()
  endif()
  if(NOT LibTorch_FOUND AND PROJECT_IS_TOP_LEVEL)
    expandnet_libtorch_of_private_environment(LibTorch_HINT)
    find_package(LibTorch ${expandnet_LIBTORCH_OLDEST} QUIET)
  endif()
  if(NOT LibTorch_FOUND)
    message(FATAL_ERROR "expandnet finds no LibTorch ${expandnet_LIBTORCH_OLDEST} or newer; "
                        "${expandnet_LIBTORCH_REMEDY}, or activate a Python that has torch")
  endif()
  set(LibTorch_HINT "${LibTorch_HINT}" CACHE PATH "LibTorch where no other is named" FORCE)
endif()

set(expandnet_LIBTORCH_DEVICES "CPU")
if(TARGET LibTorch::cuda)
  set(expandnet_LIBTORCH_DEVICES "CUDA ${LibTorch_CUDA_VERSION}")
elseif(LibTorch_CUDA_VERSION)
  list(JOIN LibTorch_CUDA_MISSING ", " expandnet_LIBTORCH_DEVICES)
  set(expandnet_LIBTORCH_DEVICES
      "CUDA ${LibTorch_CUDA_VERSION} without ${expandnet_LIBTORCH_DEVICES}")
endif()
message(STATUS "LibTorch ${LibTorch_VERSION} (${expandnet_LIBTORCH_DEVICES}) "
               "from ${LibTorch_PREFIX}")
