# Sets EXPANDNET_PROGRAMS: whether the programs can be built. Their two libraries
# come with the system, or else from the package that stands beside the LibTorch
# that CMake installs.
set(provided "${LibTorch_PREFIX}/../pgm_build_deps")
find_package(CLI11 CONFIG QUIET PATHS "${provided}/cli11")
find_package(nlohmann_json CONFIG QUIET PATHS "${provided}/nlohmann_json")
set(EXPANDNET_PROGRAMS OFF)
if(CLI11_FOUND AND nlohmann_json_FOUND)
  set(EXPANDNET_PROGRAMS ON)
endif()
