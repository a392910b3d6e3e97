# Every link of README, docs and the index of the examples to a file of the repository
# leads somewhere.
#
#     cmake -DROOT=<repository> -P links.cmake
cmake_minimum_required(VERSION 3.25)

include("${CMAKE_CURRENT_LIST_DIR}/pages.cmake")
set(count 0)
set(complaints "")
foreach(page IN LISTS pages)
  file(READ "${ROOT}/${page}" text)
  string(REGEX REPLACE "[][;]" "_" text "${text}") # which lists heed
  string(REGEX MATCHALL "_\\([^() \n#]+[)#]" links "${text}")
  cmake_path(GET page PARENT_PATH folder)
  foreach(link IN LISTS links)
    string(REGEX REPLACE "^_.|.$" "" link "${link}")
    if(link MATCHES "^[a-z]+:")
      continue()
    endif()
    math(EXPR count "${count} + 1")
    if(NOT EXISTS "${ROOT}/${folder}/${link}")
      string(APPEND complaints "\n  ${page}: ${link}")
    endif()
  endforeach()
endforeach()
if(complaints)
  message(FATAL_ERROR "links lead nowhere:${complaints}")
elseif(count EQUAL 0)
  message(FATAL_ERROR "found no link in the pages of ${ROOT}")
endif()
message(STATUS "${count} links lead somewhere")
