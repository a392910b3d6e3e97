# Each function and class that a public header declares is marked EXPANDNET_API:
# a shared library hides what is not. Functions with a body in the header need no
# mark, nor do structs whose functions have one.
#
#     cmake -DROOT=<repository> -P exports.cmake
cmake_minimum_required(VERSION 3.25)

file(
  GLOB_RECURSE headers
  RELATIVE "${ROOT}/include"
  "${ROOT}/include/*.h")
set(count 0)
set(complaints "")
foreach(header IN LISTS headers)
  file(READ "${ROOT}/include/${header}" text)
  string(REGEX REPLACE "//[^\n]*" "" text "${text}")
  string(REGEX REPLACE "template <[^\n]*>\n" "" text "${text}")
  string(REPLACE "[[nodiscard]] " "" text "${text}")
  # Lists end at semicolons and heed brackets.
  string(REPLACE ";" "@" text "${text}")
  string(REGEX REPLACE "[][]" "_" text "${text}")
  # An unmarked struct may have no function without a body, but what is defaulted.
  string(REGEX MATCHALL "\nstruct [A-Za-z]+[^@{]*{" structs "${text}")
  foreach(start IN LISTS structs)
    if(start MATCHES "EXPANDNET_API")
      continue()
    endif()
    string(FIND "${text}" "${start}" position)
    string(SUBSTRING "${text}" ${position} -1 body)
    string(FIND "${body}" "\n}@" end)
    string(SUBSTRING "${body}" 0 ${end} body)
    string(LENGTH "${start}" length)
    string(SUBSTRING "${body}" ${length} -1 body)
    set(former "")
    while(NOT body STREQUAL former)
      set(former "${body}")
      string(REGEX REPLACE "{[^{}]*}" "" body "${body}")
    endwhile()
    if(body MATCHES "[A-Za-z_]+[(][^@{}]*[)][ a-z]*@")
      string(STRIP "${start}" start)
      string(APPEND complaints "\n  ${header}: ${start}")
    endif()
  endforeach()
  string(REGEX MATCHALL "\n[A-Za-z_][^@{}#]*[@{]" declarations "${text}")
  foreach(declaration IN LISTS declarations)
    string(REGEX REPLACE "[ \n]+" " " declaration "${declaration}")
    string(STRIP "${declaration}" declaration)
    if(declaration MATCHES "^(using|namespace|enum|inline|constexpr|extern template|TORCH_[A-Z_]+) ?"
       OR declaration MATCHES "^(class|struct) [A-Za-z]+@$")
      continue()
    elseif(declaration MATCHES "^EXPANDNET_API|^(class|struct) EXPANDNET_API ")
      math(EXPR count "${count} + 1")
    elseif(declaration MATCHES "^(class|extern) |[(].*@$")
      string(REPLACE "@" ";" declaration "${declaration}")
      string(APPEND complaints "\n  ${header}: ${declaration}")
    endif()
  endforeach()
endforeach()
if(complaints)
  message(FATAL_ERROR "public declarations must be marked EXPANDNET_API:${complaints}")
elseif(count EQUAL 0)
  message(FATAL_ERROR "found no declaration in ${ROOT}/include")
endif()
message(STATUS "${count} declarations are marked EXPANDNET_API")
