# The C++ of README, docs and the index of the examples compiles, because it
# stands, byte for byte, in a file that does. Each block names its file on the
# line before:
#
#     <!-- from examples/tutorials/quickstart.cpp -->
#     ```cpp
#
# There the same lines stand together; all may be indented by two or four more.
#
#     cmake -DROOT=<repository> -P snippets.cmake
cmake_minimum_required(VERSION 3.25)

include("${CMAKE_CURRENT_LIST_DIR}/pages.cmake")
set(count_of_all 0)
set(complaints "")
foreach(page IN LISTS pages)
  file(READ "${ROOT}/${page}" rest)
  set(count 0)
  string(FIND "${rest}" "\n```cpp\n" start)
  while(NOT start EQUAL -1)
    string(SUBSTRING "${rest}" 0 ${start} before)
    math(EXPR start "${start} + 7") # keeps the end of line in front of the code
    string(SUBSTRING "${rest}" ${start} -1 rest)
    string(FIND "${rest}" "\n```" end)
    string(SUBSTRING "${rest}" 0 ${end} code)
    string(SUBSTRING "${rest}" ${end} -1 rest)
    math(EXPR count "${count} + 1")
    math(EXPR count_of_all "${count_of_all} + 1")
    set(block "${page}: block ${count}")

    if(NOT before MATCHES "<!-- from ([^ \n]+) -->$")
      string(APPEND complaints "\n  ${block} names no file: put <!-- from ... --> before it")
    elseif(NOT EXISTS "${ROOT}/${CMAKE_MATCH_1}")
      string(APPEND complaints "\n  ${block}: there is no ${CMAKE_MATCH_1}")
    else()
      set(file "${CMAKE_MATCH_1}")
      file(READ "${ROOT}/${file}" source)
      set(source "\n${source}")
      set(found FALSE)
      foreach(indent "" "  " "    ")
        string(REGEX REPLACE "\n([^\n])" "\n${indent}\\1" indented "${code}")
        string(FIND "${source}" "${indented}\n" position)
        if(NOT position EQUAL -1)
          set(found TRUE)
        endif()
      endforeach()
      if(NOT found)
        string(APPEND complaints "\n  ${block} is not in ${file}:${code}")
      endif()
    endif()
    string(FIND "${rest}" "\n```cpp\n" start)
  endwhile()
endforeach()

if(complaints)
  message(FATAL_ERROR "the pages and their sources differ:${complaints}")
elseif(count_of_all EQUAL 0)
  message(FATAL_ERROR "no page has a block of C++")
endif()
