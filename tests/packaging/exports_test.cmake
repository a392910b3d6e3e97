# Shows that exports.cmake sees what it should.
#
#     cmake -DSCRATCH=<folder> -P exports_test.cmake
cmake_minimum_required(VERSION 3.25)

# Expects a complaint about the declaration `wrong`, nothing for none, in a header
# that says `text`.
function(expect text wrong)
  file(REMOVE_RECURSE "${SCRATCH}")
  file(WRITE "${SCRATCH}/include/expandnet/x.h"
       "#pragma once\n\nnamespace expandnet {\n\nEXPANDNET_API void f();\n${text}\n}\n")
  execute_process(
    COMMAND ${CMAKE_COMMAND} "-DROOT=${SCRATCH}" -P "${CMAKE_CURRENT_LIST_DIR}/exports.cmake"
    RESULT_VARIABLE failed
    ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  string(FIND "${output}" "expandnet/x.h: ${wrong}" position)
  if((wrong AND (position EQUAL -1 OR NOT failed)) OR (failed AND NOT wrong))
    message(SEND_ERROR "${text}: expected a complaint about '${wrong}', got '${output}'")
  endif()
endfunction()

expect("[[nodiscard]] EXPANDNET_API int g(int a,\n      int b);" "")
expect("template <typename T>\nEXPANDNET_API int g(const T& a);" "")
expect("inline int g() { return 1; }" "")
expect("class Later;\nstruct Later;" "")
expect("enum class Kind { kOne };" "")
expect("using Three = std::array<int, 3>;" "")
expect("struct Size {\n  int a = 0;\n};" "")
expect("class EXPANDNET_API Net {\n  void g();\n};" "")
expect("TORCH_MODULE(Net);" "")
expect("// void g();" "")

expect("int g();" "int g();")
expect("[[nodiscard]] std::vector<int> g(const Net& net,\n      int a[3]);"
       "std::vector<int> g(const Net& net, int a_3_);")
expect("template <typename T>\nint g(const T& a);" "int g(const T& a);")
expect("class Net {\n  void g();\n};" "class Net {")
expect("extern int count;" "extern int count;")
expect("class Net : public Module {\n};" "class Net : public Module {")
