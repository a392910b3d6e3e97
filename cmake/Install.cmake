include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(expandnet_INSTALL_CMAKEDIR "${CMAKE_INSTALL_LIBDIR}/cmake/expandnet")

get_property(expandnet_INSTALL_TARGETS GLOBAL PROPERTY EXPANDNET_LIBRARIES)
set(expandnet_NEEDS_ZLIB OFF)
set(expandnet_NEEDS_JPEG OFF)
set(expandnet_NEEDS_PNG OFF)
set(expandnet_NEEDS_EXPAT OFF)
foreach(target IN LISTS expandnet_INSTALL_TARGETS)
  # Whoever links a static library links what it needs.
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    # The targets of find_package are those of the folder that called it.
    get_target_property(libraries ${target} LINK_LIBRARIES)
    foreach(name ZLIB JPEG PNG EXPAT)
      if("${name}::${name}" IN_LIST libraries)
        set(expandnet_NEEDS_${name} ON)
      endif()
    endforeach()
  endif()
endforeach()

install(
  TARGETS ${expandnet_INSTALL_TARGETS}
  EXPORT expandnet-targets
  FILE_SET HEADERS)
install(
  EXPORT expandnet-targets
  NAMESPACE expandnet::
  DESTINATION "${expandnet_INSTALL_CMAKEDIR}")

# LibTorch keeps its ABI within a minor version only.
string(REGEX MATCH "^([0-9]+)\\.([0-9]+)" expandnet_LIBTORCH_RANGE "${LibTorch_VERSION}")
math(EXPR expandnet_LIBTORCH_NEXT "${CMAKE_MATCH_2} + 1")
string(APPEND expandnet_LIBTORCH_RANGE "...<${CMAKE_MATCH_1}.${expandnet_LIBTORCH_NEXT}")
configure_package_config_file(
  cmake/expandnet-config.cmake.in "${PROJECT_BINARY_DIR}/expandnet-config.cmake"
  INSTALL_DESTINATION "${expandnet_INSTALL_CMAKEDIR}"
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/expandnet-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(
  FILES cmake/FindLibTorch.cmake
        "${PROJECT_BINARY_DIR}/expandnet-config.cmake"
        "${PROJECT_BINARY_DIR}/expandnet-config-version.cmake"
  DESTINATION "${expandnet_INSTALL_CMAKEDIR}")
