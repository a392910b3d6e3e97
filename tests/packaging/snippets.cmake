# The C++ of a README compiles, because it stands, byte for byte, in a file that
# does. Each block names its file on the line before:
#
#     <!-- from examples/tutorials/quickstart.cpp -->
#     ```cpp
#
# There the same lines stand together; all may be indented by two or four more.
#
#     cmake -DROOT=<repository> -P snippets.cmake
cmake_minimum_required(VERSION 3.25)

set(rest "")
if(EXISTS "${ROOT}/README.md")
  file(READ "${ROOT}/README.md" rest)
endif()
set(count 0)
set(complaints "")
string(FIND "${rest}" "\n```cpp\n" start)
while(NOT start EQUAL -1)
  string(SUBSTRING "${rest}" 0 ${start} before)
  math(EXPR start "${start} + 7") # keeps the end of line in front of the code
  string(SUBSTRING "${rest}" ${start} -1 rest)
  string(FIND "${rest}" "\n```" end)
  string(SUBSTRING "${rest}" 0 ${end} code)
  string(SUBSTRING "${rest}" ${end} -1 rest)
  math(EXPR count "${count} + 1")

  if(NOT before MATCHES "<!-- from ([^ \n]+) -->$")
    string(APPEND complaints "\n  block ${count} names no file: put <!-- from ... --> before it")
  elseif(NOT EXISTS "${ROOT}/${CMAKE_MATCH_1}")
    string(APPEND complaints "\n  block ${count}: there is no ${CMAKE_MATCH_1}")
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
      string(APPEND complaints "\n  block ${count} is not in ${file}:${code}")
    endif()
  endif()
  string(FIND "${rest}" "\n```cpp\n" start)
endwhile()

if(complaints)
  message(FATAL_ERROR "README.md and its sources differ:${complaints}")
elseif(count EQUAL 0)
  message(FATAL_ERROR "README.md has no block of C++")
endif()
