# expat, for the part of expandnet_training that reads VOC's annotations. Without
# it they are refused.
if(NOT TARGET EXPAT::EXPAT)
  find_package(EXPAT QUIET)
endif()
if(NOT TARGET EXPAT::EXPAT)
  message(STATUS "expandnet::training reads no XML: that needs expat (Debian: libexpat1-dev)")
endif()
