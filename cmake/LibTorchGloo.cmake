# Whether LibTorch contains Gloo, and with it c10d: builds without distributed
# training ship the headers all the same. Sets expandnet_HAS_GLOO.
include(CheckCXXSourceCompiles)
include(CMakePushCheckState)

cmake_push_check_state(RESET)
set(CMAKE_REQUIRED_LIBRARIES LibTorch::LibTorch)
# Nothing is run, and a folder with a comma would be cut short: FindLibTorch.cmake.
set(_expandnet_skip_rpath "${CMAKE_SKIP_RPATH}")
set(CMAKE_SKIP_RPATH ON)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CMAKE_SKIP_RPATH)
# The name of ProcessGroupGloo's table of functions: no header has to be read.
check_cxx_source_compiles(
  "extern \"C\" char _ZTVN4c10d16ProcessGroupGlooE[];
   int main() { return _ZTVN4c10d16ProcessGroupGlooE[0]; }"
  expandnet_HAS_GLOO)
cmake_pop_check_state()
set(CMAKE_SKIP_RPATH "${_expandnet_skip_rpath}")
list(REMOVE_ITEM CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CMAKE_SKIP_RPATH)
