# Shows that commands.cmake sees what it should.
#
#     cmake -DSCRATCH=<folder> -P commands_test.cmake
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/run_script.cmake")

file(REMOVE_RECURSE "${SCRATCH}")
file(WRITE "${SCRATCH}/CMakePresets.json" [=[
{
  "version": 6,
  "configurePresets": [{"name": "base", "hidden": true}, {"name": "release"}],
  "buildPresets": [{"name": "release", "configurePreset": "release"}],
  "testPresets": [{"name": "release", "configurePreset": "release"}],
  "workflowPresets": [{"name": "demo", "steps": []}]
}
]=])
file(WRITE "${SCRATCH}/cmake/Data.cmake"
     "add_custom_target(\n  demo COMMAND a)\nexpandnet_add_data(cifar10 a b)\n")
file(WRITE "${SCRATCH}/examples/sort/CMakeLists.txt"
     "add_executable(sorter main.cpp)\nadd_executable(other-program main.cpp)\n"
     "set_target_properties(other-program PROPERTIES OUTPUT_NAME other)\n")
file(WRITE "${SCRATCH}/examples/sort/words.txt" "")

# Programs that print help, as ours do: one with commands and one without.
file(WRITE "${SCRATCH}/sorter" [=[#!/bin/sh
case "$*" in
  --help) printf 'usage: sorter COMMAND [--help] ...\n\n  sort     sorts\n  merge    merges\n' ;;
  'sort --help') printf 'Sorts.\n\nOptions:\n  --key-first TEXT   by\n  --up,--no-up{false}\n' ;;
  'merge --help') printf 'Merges.\n\nOptions:\n  --files TEXT\n' ;;
  *) exit 2 ;;
esac
]=])
file(WRITE "${SCRATCH}/other" "#!/bin/sh\n[ \"$1\" = --help ] && echo '  --size UINT  of it'\n")
file(CHMOD "${SCRATCH}/sorter" "${SCRATCH}/other" PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
set(built "sorter=${SCRATCH}/sorter:other=${SCRATCH}/other")
set(programs "${built}")

# Expects `complaint`, nothing for none, about a page that says `text`.
function(expect_of page text complaint)
  file(REMOVE_RECURSE "${SCRATCH}/README.md" "${SCRATCH}/docs")
  file(WRITE "${SCRATCH}/README.md" "# Title\n\n```sh\ncmake --preset release\n```\n")
  file(WRITE "${SCRATCH}/docs/there.md" "# There\n\n## A `heading`, with more\n\n```sh\n# no heading\n```\n")
  file(APPEND "${SCRATCH}/${page}" "${text}\n")
  if(complaint)
    string(PREPEND complaint "${page}: ")
  endif()
  expect_complaint(commands "${complaint}" "${page} with ${text}" "-DPROGRAMS=${programs}")
  set(said "${said}" PARENT_SCOPE)
endfunction()
function(expect command complaint)
  expect_of(docs/page.md "```sh\n${command}\n```" "${complaint}")
endfunction()
function(expect_link link complaint)
  expect_of(docs/page.md "${link}" "${complaint}")
endfunction()

# Presets and targets.
expect("cmake --preset release" "")
expect("cmake --preset release -DA=1 && cmake --build --preset release" "")
expect("cmake --workflow --preset demo    # builds; and runs" "")
expect("cmake --build --preset release --target demo data-cifar10 sorter" "")
expect("cmake --install build/release --prefix PREFIX" "")
expect("ctest --preset release -R fold" "")
expect("# only a comment" "")
expect("cmake --preset nightly" "there is no configure preset \"nightly\": cmake --preset nightly")
expect("cmake --preset base" "there is no configure preset \"base\"")
expect("cmake --workflow --preset release" "there is no workflow preset \"release\"")
expect("cmake --preset release && cmake --build --preset demo" "there is no build preset \"demo\"")
expect("ctest --preset demo" "there is no test preset \"demo\"")
expect("cmake --install build/demo" "there is no configure preset \"demo\"")
expect("cmake --build --preset release --target sorted" "there is no target \"sorted\"")
expect("cmake --build --preset release --target data-mnist" "there is no target \"data-mnist\"")
expect("cmake -S . -B build" "no check knows the option -S")
expect("cmake --build build" "cmake is called with a preset: cmake --build build")
expect("cmake --preset" "--preset needs a value")
expect("cmake --preset release again" "no check knows \"again\"")

# Programs.
expect("build/release/examples/sort/sorter sort --key-first a --no-up examples/sort/words.txt" "")
expect("build/release/examples/sort/sorter merge \\\n  --files=a" "")
expect("build/release/examples/sort/other --size 3" "")
expect("build/release/examples/sort/sorter" "")
expect("A=1 torchrun --nodes 2 build/release/examples/sort/sorter sort --up" "")
expect("build/demo/examples/sort/sorter sort" "there is no configure preset \"demo\"")
expect("build/release/examples/sorter sort" "examples builds no sorter")
expect("build/release/examples/sort/other-program --size 3" "examples/sort builds no other-program")
expect("build/sorter sort" "a program must be build/PRESET/FOLDER/NAME, got build/sorter")
expect("build/release/examples/sort/sorter split" "sorter has no command \"split\"")
expect("build/release/examples/sort/sorter merge --key-first a" "sorter merge has no flag --key-first")
expect("build/release/examples/sort/sorter sort --key a" "sorter sort has no flag --key:")
expect("build/release/examples/sort/other --sizes 3" "other has no flag --sizes")
expect("build/release/examples/sort/other --size 3 examples/gone.txt" "there is no examples/gone.txt")
expect("torchrun --nodes 2" "no check knows the command \"\"")
expect("make sorter" "no check knows the command \"make\": make sorter")
expect("cmake --preset release | tee log" "no check knows \"|\"")
expect_of(README.md "```bash\nls\n```" "a block of commands must be of sh, got bash")
expect_of(docs/deep/page.md "```sh\nls\n```" "no check knows the command \"ls\"")

# A program that was not built is said to be unchecked.
file(APPEND "${SCRATCH}/examples/sort/CMakeLists.txt" "add_executable(gone main.cpp)\n")
set(programs "${built}:gone=${SCRATCH}/gone")
expect_of(docs/page.md "```sh\nbuild/release/examples/sort/gone --size 3\n```" "")
if(NOT said MATCHES "gone was not built: its flags are not checked")
  message(SEND_ERROR "a program that was not built: got '${said}'")
endif()

expect_link("`--gone`" "")
set(programs "${built}")

# Flags in the text.
expect_link("`--size 3`, `--key-first`, `--files=a`, `--no-up`; `a --gone`, `--rdzv-backend c10d`" "")
expect_link("Text `a\n--gone` and `--up\nmore`" "")
expect_link("`--gone`" "no program has the flag --gone")
expect_link("[a](there.md); `x`, `--sizes 3`" "no program has the flag --sizes")

# Links.
expect_link("[a](there.md), [b](../README.md#title), [c](#d-e)\n\n## D e" "")
expect_link("[a](there.md#a-heading-with-more) [sort](../examples/sort) <https://a.b>" "")
expect_link("[a](https://a.b/c.md) `[b](gone.md)`\n\n```\n[c](gone.md)\n```" "")
expect_link("[a](gone.md)" "there is nothing at gone.md")
expect_link("Text; [a [b]](there.md)\n and [c\nd](gone.md#x)" "there is nothing at gone.md#x")
expect_link("![picture](gone.png)" "there is nothing at gone.png")
expect_link("[a](../../gone)" "there is nothing at ../../gone")
expect_link("[a](there.md#gone)" "there is no heading for there.md#gone")
expect_link("[a](there.md#no-heading)" "there is no heading for there.md#no-heading")
expect_link("[a](#gone)" "there is no heading for #gone")

# No command at all is a mistake in how pages are read.
file(WRITE "${SCRATCH}/README.md" "# Title\n")
file(REMOVE_RECURSE "${SCRATCH}/docs")
execute_process(
  COMMAND ${CMAKE_COMMAND} "-DROOT=${SCRATCH}" -P "${CMAKE_CURRENT_LIST_DIR}/commands.cmake"
  ERROR_VARIABLE output)
if(NOT output MATCHES "no page has a command")
  message(SEND_ERROR "an empty README: got '${output}'")
endif()
