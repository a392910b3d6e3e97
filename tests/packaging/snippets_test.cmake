# Shows that snippets.cmake sees what it should.
#
#     cmake -DSCRATCH=<folder> -P snippets_test.cmake
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/run_script.cmake")

# Runs snippets.cmake on SCRATCH. Sets `failed` and `output`, on one line.
macro(run_snippets)
  execute_process(
    COMMAND ${CMAKE_COMMAND} "-DROOT=${SCRATCH}" -P "${CMAKE_CURRENT_LIST_DIR}/snippets.cmake"
    RESULT_VARIABLE failed
    ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
endmacro()

# Makes SCRATCH anew, with a source and no page.
macro(start_anew)
  file(REMOVE_RECURSE "${SCRATCH}")
  file(WRITE "${SCRATCH}/main.cpp" "#include <vector>\n\nint main() {\n  int a[] = {1; 2};\n\n  f(a);\n}\n")
endmacro()

# Expects `complaint`, nothing for none, about a page of one block of `code`.
function(expect_of page origin code complaint)
  start_anew()
  file(WRITE "${SCRATCH}/${page}" "# Title\n${origin}\n```cpp\n${code}\n```\nEnd.\n")
  expect_complaint(snippets "${complaint}" "${page} with ${origin} ${code}")
endfunction()
function(expect origin code complaint)
  expect_of(README.md "${origin}" "${code}" "${complaint}")
endfunction()

set(from "<!-- from main.cpp -->")
expect("${from}" "#include <vector>" "")
expect("${from}" "int main() {\n  int a[] = {1; 2};" "")
expect("${from}" "int a[] = {1; 2};\n\nf(a);" "")

expect("${from}" "int a[] = {1; 3};" "README.md: block 1 is not in main.cpp: int a[] = {1; 3};")
expect("${from}" "int a[] = {1; 2};\nf(a);" "README.md: block 1 is not in main.cpp")
expect("${from}" "f(a)" "README.md: block 1 is not in main.cpp")
expect("<!-- from other.cpp -->" "f(a);" "README.md: block 1: there is no other.cpp")
expect("" "f(a);" "README.md: block 1 names no file")

# Pages in every folder of docs and the index of the examples are read, too.
foreach(page docs/design.md docs/programs/cifar.md examples/README.md)
  expect_of(${page} "${from}" "f(a);" "")
  expect_of(${page} "${from}" "f(b);" "${page}: block 1 is not in main.cpp: f(b);")
endforeach()

# Blocks are counted by page, and every page is read.
start_anew()
file(WRITE "${SCRATCH}/README.md" "# Title\n${from}\n```cpp\nf(a);\n```\n")
file(WRITE "${SCRATCH}/docs/a.md" "# A\n${from}\n```cpp\nf(a);\n```\n\n```cpp\nf(b);\n```\n")
run_snippets()
if(NOT failed OR NOT output MATCHES "docs/a.md: block 2 names no file" OR output MATCHES "README.md")
  message(SEND_ERROR "the second block of the second page: got '${output}'")
endif()

start_anew()
file(WRITE "${SCRATCH}/README.md" "# Title\n")
run_snippets()
if(NOT failed OR NOT output MATCHES "no page has a block of C\\+\\+")
  message(SEND_ERROR "an empty README: got '${output}'")
endif()
