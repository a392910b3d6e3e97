# Makes the libraries of expandnet, each from the rooms (folders of src) that it
# consists of.

# Makes expandnet::NAME: the target `expandnet` for the name expandnet, else
# `expandnet_NAME`. Its rooms add their files with `expandnet_add_files`.
#
#     expandnet_add_library(io PUBLIC LibTorch::LibTorch PRIVATE ZLIB::ZLIB)
function(expandnet_add_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PUBLIC;PRIVATE")
  set(target expandnet_${name})
  if(name STREQUAL "expandnet")
    set(target expandnet)
  endif()
  add_library(${target})
  add_library(expandnet::${name} ALIAS ${target})
  target_include_directories(
    ${target}
    PRIVATE "${PROJECT_SOURCE_DIR}/src"
    PUBLIC "$<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>")
  target_compile_features(${target} PUBLIC cxx_std_17)
  # LibTorch's headers bundle those of fmt, but no library of it is exported.
  target_compile_definitions(${target} PRIVATE FMT_HEADER_ONLY)
  target_link_libraries(${target} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  set_target_properties(
    ${target}
    PROPERTIES EXPORT_NAME ${name}
               CXX_EXTENSIONS OFF
               POSITION_INDEPENDENT_CODE ON
               VERSION ${PROJECT_VERSION}
               SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
               INSTALL_RPATH "$ORIGIN"
               INSTALL_RPATH_USE_LINK_PATH ON)
  if(NOT name STREQUAL "base") # which includes little of LibTorch, and serves the others
    expandnet_use_precompiled(expandnet_precompiled ${target})
    # Tests call what a shared library hides, too.
    if(NOT (EXPANDNET_TESTS AND BUILD_SHARED_LIBS))
      set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden
                                                 VISIBILITY_INLINES_HIDDEN ON)
    endif()
  endif()
  # Of a subproject, only what the parent links is built.
  if(NOT PROJECT_IS_TOP_LEVEL AND NOT EXPANDNET_INSTALL)
    set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  set_property(GLOBAL APPEND PROPERTY EXPANDNET_LIBRARIES ${target})
endfunction()

# Adds files of the room that calls it: SOURCES of its own folder, and HEADERS of
# the folder of the same name under include/expandnet.
function(expandnet_add_files target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HEADERS")
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY "${PROJECT_SOURCE_DIR}/src"
             OUTPUT_VARIABLE room)
  list(TRANSFORM arg_SOURCES PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
  list(TRANSFORM arg_HEADERS PREPEND "${PROJECT_SOURCE_DIR}/include/expandnet/${room}/")
  target_sources(
    ${target}
    PRIVATE ${arg_SOURCES}
    PUBLIC FILE_SET HEADERS
           BASE_DIRS "${PROJECT_SOURCE_DIR}/include"
           FILES ${arg_HEADERS})
  string(REGEX REPLACE "/.*" "" group "${room}")
  set_property(GLOBAL APPEND PROPERTY EXPANDNET_HEADERS_${group} ${arg_HEADERS})
endfunction()

# Makes expandnet/GROUP.h, which includes all public headers under
# include/expandnet/GROUP that this build has, for each of the groups.
function(expandnet_add_group_headers target)
  foreach(group IN LISTS ARGN)
    get_property(headers GLOBAL PROPERTY EXPANDNET_HEADERS_${group})
    list(SORT headers)
    set(text "// ${group}.h: all of expandnet/${group}.\n#pragma once\n\n")
    foreach(header IN LISTS headers)
      cmake_path(RELATIVE_PATH header BASE_DIRECTORY "${PROJECT_SOURCE_DIR}/include")
      string(APPEND text "#include <${header}>\n")
    endforeach()
    expandnet_add_written_header(${target} ${group}.h "${text}")
  endforeach()
endfunction()

# Adds the public header expandnet/NAME with this content.
function(expandnet_add_written_header target name content)
  set(file "${PROJECT_BINARY_DIR}/include/expandnet/${name}")
  file(CONFIGURE OUTPUT "${file}" CONTENT "${content}" @ONLY)
  target_sources(
    ${target}
    PUBLIC FILE_SET HEADERS
           BASE_DIRS "${PROJECT_BINARY_DIR}/include"
           FILES "${file}")
endfunction()

# Names files that this machine cannot compile, or that another takes the place
# of, so that the test of listed files does not miss them. Takes what
# `expandnet_add_files` does.
function(expandnet_leave_out)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "SOURCES;HEADERS")
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY "${PROJECT_SOURCE_DIR}/src"
             OUTPUT_VARIABLE room)
  list(TRANSFORM arg_SOURCES PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
  list(TRANSFORM arg_HEADERS PREPEND "${PROJECT_SOURCE_DIR}/include/expandnet/${room}/")
  set_property(GLOBAL APPEND PROPERTY EXPANDNET_LEFT_OUT ${arg_SOURCES} ${arg_HEADERS})
endfunction()
