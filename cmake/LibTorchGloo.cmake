# Whether LibTorch contains Gloo, and with it c10d: builds without distributed
# training ship the headers all the same. Sets expandnet_HAS_GLOO.
include(CheckCXXSourceCompiles)
include(CMakePushCheckState)

cmake_push_check_state(RESET)
set(CMAKE_REQUIRED_LIBRARIES LibTorch::LibTorch)
# The name of ProcessGroupGloo's table of functions: no header has to be read.
check_cxx_source_compiles(
  "extern \"C\" char _ZTVN4c10d16ProcessGroupGlooE[];
   int main() { return _ZTVN4c10d16ProcessGroupGlooE[0]; }"
  expandnet_HAS_GLOO)
cmake_pop_check_state()
