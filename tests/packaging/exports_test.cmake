# Shows that exports.cmake sees what it should.
#
#     cmake -DSCRATCH=<folder> -P exports_test.cmake
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/run_script.cmake")

# Expects a complaint about the declaration `wrong`, nothing for none, in a header
# that says `text`.
function(expect text wrong)
  file(REMOVE_RECURSE "${SCRATCH}")
  file(WRITE "${SCRATCH}/include/expandnet/x.h"
       "#pragma once\n\nnamespace expandnet {\n\nEXPANDNET_API void f();\n${text}\n}\n")
  if(wrong)
    string(PREPEND wrong "expandnet/x.h: ")
  endif()
  expect_complaint(exports "${wrong}" "${text}")
endfunction()

expect("[[nodiscard]] EXPANDNET_API int g(int a,\n      int b);" "")
expect("template <typename T>\nEXPANDNET_API int g(const T& a);" "")
expect("inline int g() { return 1; }" "")
expect("class Later;\nstruct Later;" "")
expect("enum class Kind { kOne };" "")
expect("using Three = std::array<int, 3>;" "")
expect("struct Size {\n  int a = 0;\n};" "")
expect("struct Size {\n  Size() = default;\n  std::function<int(int)> f;\n  int area() const { return a * 2; }\n  int a = 0;\n};" "")
expect("struct EXPANDNET_API Size {\n  int area() const;\n};" "")
expect("class EXPANDNET_API Net {\n  void g();\n};" "")
expect("TORCH_MODULE(Net);" "")
expect("// void g();" "")

expect("int g();" "int g();")
expect("[[nodiscard]] std::vector<int> g(const Net& net,\n      int a[3]);"
       "std::vector<int> g(const Net& net, int a_3_);")
expect("template <typename T>\nint g(const T& a);" "int g(const T& a);")
expect("class Net {\n  void g();\n};" "class Net {")
expect("struct Size {\n  int b() { return 1; }\n  [[nodiscard]] int area(int a = 0) const;\n};" "struct Size {")
expect("struct Size : Base {\n  int a = 0;\n  void grow();\n};" "struct Size : Base {")
expect("extern int count;" "extern int count;")
expect("class Net : public Module {\n};" "class Net : public Module {")
