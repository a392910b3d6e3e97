# zlib, for expandnet_training, which reads gzipped data sets. Without it a
# subproject has no such target; what only links expandnet needs none.
if(NOT TARGET ZLIB::ZLIB)
  find_package(ZLIB QUIET)
endif()
if(NOT TARGET ZLIB::ZLIB)
  if(PROJECT_IS_TOP_LEVEL OR EXPANDNET_TESTS OR EXPANDNET_EXAMPLES)
    message(FATAL_ERROR "expandnet needs zlib to read data sets, got none; "
                        "install it (Debian: zlib1g-dev)")
  endif()
  message(STATUS "expandnet::training is left out: it needs zlib (Debian: zlib1g-dev)")
endif()
