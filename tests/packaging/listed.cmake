# Every file is in the list of a target: one that is not would be neither built
# nor installed nor checked.
#
#     cmake -DROOT=<repository> -DLISTED=<path>:<path>... -P listed.cmake
cmake_minimum_required(VERSION 3.25)

file(GLOB_RECURSE files "${ROOT}/include/*.h" "${ROOT}/src/*.cpp" "${ROOT}/tests/*_test.cpp")
string(REPLACE ":" ";" LISTED "${LISTED}")
list(REMOVE_ITEM files ${LISTED})
if(files)
  list(JOIN files "\n  " files)
  message(FATAL_ERROR "no target lists:\n  ${files}")
endif()
