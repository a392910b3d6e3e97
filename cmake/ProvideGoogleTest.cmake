# GoogleTest from the system, or else from its release.
include(FetchContent)

set(INSTALL_GTEST OFF)
FetchContent_Declare(
  GTest
  URL https://github.com/google/googletest/archive/refs/tags/v1.14.0.tar.gz
  URL_HASH SHA256=8ad598c73ad796e0d8280b082cebd82a630d73e73cd3c70057938a6501bba5d7
  DOWNLOAD_EXTRACT_TIMESTAMP ON
  FIND_PACKAGE_ARGS NAMES GTest)
FetchContent_MakeAvailable(GTest)
# SYSTEM above would do this, but CMake 3.25 takes it for a second hash.
foreach(target gtest gtest_main)
  if(TARGET ${target})
    set_target_properties(${target} PROPERTIES SYSTEM ON)
  endif()
endforeach()
