# libjpeg-turbo and libpng, for the part of expandnet_training that reads
# ImageNet. Without the first that part is left out, without the second it
# refuses PNG.
find_package(JPEG QUIET)
if(NOT TARGET JPEG::JPEG)
  message(STATUS "expandnet::training reads no image files: that needs libjpeg-turbo "
                 "(Debian: libjpeg62-turbo-dev)")
  return()
endif()
find_package(PNG QUIET)
if(NOT TARGET PNG::PNG)
  message(STATUS "expandnet::training reads no PNG files: that needs libpng (Debian: libpng-dev)")
endif()
