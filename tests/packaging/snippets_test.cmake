# Shows that snippets.cmake sees what it should.
#
#     cmake -DSCRATCH=<folder> -P snippets_test.cmake
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE "${SCRATCH}")
file(WRITE "${SCRATCH}/main.cpp" "#include <vector>\n\nint main() {\n  int a[] = {1; 2};\n\n  f(a);\n}\n")

# Expects `complaint`, nothing for none, about a README of one block of `code`.
function(expect origin code complaint)
  file(WRITE "${SCRATCH}/README.md" "# Title\n${origin}\n```cpp\n${code}\n```\nEnd.\n")
  execute_process(
    COMMAND ${CMAKE_COMMAND} "-DROOT=${SCRATCH}" -P "${CMAKE_CURRENT_LIST_DIR}/snippets.cmake"
    RESULT_VARIABLE failed
    ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  string(FIND "${output}" "${complaint}" position)
  if((complaint AND (position EQUAL -1 OR NOT failed)) OR (failed AND NOT complaint))
    message(SEND_ERROR "${origin} ${code}: expected '${complaint}', got '${output}'")
  endif()
endfunction()

set(from "<!-- from main.cpp -->")
expect("${from}" "#include <vector>" "")
expect("${from}" "int main() {\n  int a[] = {1; 2};" "")
expect("${from}" "int a[] = {1; 2};\n\nf(a);" "")

expect("${from}" "int a[] = {1; 3};" "block 1 is not in main.cpp: int a[] = {1; 3};")
expect("${from}" "int a[] = {1; 2};\nf(a);" "block 1 is not in main.cpp")
expect("${from}" "f(a)" "block 1 is not in main.cpp")
expect("<!-- from other.cpp -->" "f(a);" "block 1: there is no other.cpp")
expect("" "f(a);" "block 1 names no file")

file(WRITE "${SCRATCH}/README.md" "# Title\n")
execute_process(
  COMMAND ${CMAKE_COMMAND} "-DROOT=${SCRATCH}" -P "${CMAKE_CURRENT_LIST_DIR}/snippets.cmake"
  ERROR_VARIABLE output)
if(NOT output MATCHES "README.md has no block of C\\+\\+")
  message(SEND_ERROR "an empty README: got '${output}'")
endif()
