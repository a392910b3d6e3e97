# LibTorch's headers cost ten seconds a file, precompiled four. A set of precompiled
# headers serves targets with the same flags, so all of them have code that can be
# shared (-fPIC), programs too.
option(EXPANDNET_PRECOMPILED_HEADERS "Compile LibTorch's headers once, not with each file" OFF)

# Makes NAME, the precompiled headers of LibTorch, and HEADERS, which LIBRARIES have.
#
#     expandnet_precompile(expandnet_precompiled_tests LIBRARIES GTest::gtest HEADERS <gtest/gtest.h>)
function(expandnet_precompile name)
  if(NOT EXPANDNET_PRECOMPILED_HEADERS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LIBRARIES;HEADERS")
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp")
  file(CONFIGURE OUTPUT "${source}" CONTENT "") # CMake wants a source
  add_library(${name} OBJECT EXCLUDE_FROM_ALL "${source}")
  target_compile_features(${name} PRIVATE cxx_std_17)
  target_link_libraries(${name} PRIVATE LibTorch::LibTorch ${arg_LIBRARIES})
  target_compile_definitions(${name} PRIVATE FMT_HEADER_ONLY) # as in all of ours
  list(PREPEND arg_HEADERS <torch/torch.h>)
  if(LibTorch_PREFIX AND EXISTS "${LibTorch_PREFIX}/include/fmt/format.h")
    list(APPEND arg_HEADERS <fmt/format.h>)
  endif()
  target_compile_options(${name} PRIVATE -fPIC)
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
  target_precompile_headers(${name} PRIVATE ${arg_HEADERS})
endfunction()

# Gives the precompiled headers NAME, where there are such, to targets.
function(expandnet_use_precompiled name)
  if(NOT TARGET ${name})
    return()
  endif()
  foreach(target IN LISTS ARGN)
    target_precompile_headers(${target} REUSE_FROM ${name})
    # The second is what ccache takes to know the files that were included.
    target_compile_options(${target} PRIVATE -fPIC $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  endforeach()
endfunction()

# Gives them to all programs and libraries of this folder and of those below,
# EXCEPT some.
function(expandnet_use_precompiled_here name)
  if(NOT TARGET ${name})
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "EXCEPT")
  set(folders "${CMAKE_CURRENT_SOURCE_DIR}")
  while(folders)
    list(POP_FRONT folders folder)
    get_property(below DIRECTORY "${folder}" PROPERTY SUBDIRECTORIES)
    foreach(one IN LISTS below)
      # Not what is fetched into the build tree: GoogleTest.
      cmake_path(IS_PREFIX CMAKE_CURRENT_SOURCE_DIR "${one}" is_ours)
      cmake_path(IS_PREFIX CMAKE_BINARY_DIR "${one}" is_fetched)
      if(is_ours AND NOT is_fetched)
        list(APPEND folders "${one}")
      endif()
    endforeach()
    get_property(targets DIRECTORY "${folder}" PROPERTY BUILDSYSTEM_TARGETS)
    foreach(target IN LISTS targets)
      get_target_property(type ${target} TYPE)
      if(type MATCHES "EXECUTABLE|STATIC_LIBRARY" AND NOT target IN_LIST arg_EXCEPT)
        expandnet_use_precompiled(${name} ${target})
      endif()
    endforeach()
  endwhile()
endfunction()
