# Targets that read the code: `format` rewrites it, `tidy` runs clang-tidy.
# Another version of either tool sees things differently, so that one counts.
set(expandnet_CLANG_VERSION 14)

function(expandnet_is_our_clang_tool valid tool)
  execute_process(COMMAND "${tool}" --version OUTPUT_VARIABLE version ERROR_QUIET)
  if(NOT version MATCHES "version ${expandnet_CLANG_VERSION}\\.")
    set(${valid} FALSE PARENT_SCOPE)
  endif()
endfunction()
foreach(tool clang-format clang-tidy)
  string(MAKE_C_IDENTIFIER EXPANDNET_${tool} variable)
  string(TOUPPER ${variable} variable)
  find_program(${variable} NAMES ${tool}-${expandnet_CLANG_VERSION} ${tool}
               VALIDATOR expandnet_is_our_clang_tool)
  mark_as_advanced(${variable})
endforeach()

file(GLOB_RECURSE expandnet_files
     "${PROJECT_SOURCE_DIR}/include/*.h" "${PROJECT_SOURCE_DIR}/src/*.h"
     "${PROJECT_SOURCE_DIR}/src/*.cpp" "${PROJECT_SOURCE_DIR}/tests/*.h"
     "${PROJECT_SOURCE_DIR}/tests/*.cpp" "${PROJECT_SOURCE_DIR}/examples/*.h"
     "${PROJECT_SOURCE_DIR}/examples/*.cpp")

if(EXPANDNET_CLANG_FORMAT)
  add_custom_target(format COMMAND "${EXPANDNET_CLANG_FORMAT}" -i ${expandnet_files} VERBATIM)
  if(EXPANDNET_TESTS)
    add_test(NAME format COMMAND "${EXPANDNET_CLANG_FORMAT}" --dry-run --Werror
                                 ${expandnet_files})
  endif()
endif()

# clang-tidy reads the commands of single files, so there is no such target in a
# unity build. What it found good it does not read again.
if(EXPANDNET_CLANG_TIDY AND CMAKE_EXPORT_COMPILE_COMMANDS AND NOT CMAKE_UNITY_BUILD)
  set(headers ${expandnet_files})
  set(sources ${expandnet_files})
  list(FILTER headers INCLUDE REGEX "\\.h$")
  list(FILTER sources INCLUDE REGEX "\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "/tests/consumer/")
  set(stamps "")
  foreach(source IN LISTS sources)
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY "${PROJECT_SOURCE_DIR}" OUTPUT_VARIABLE name)
    set(stamp "${PROJECT_BINARY_DIR}/tidy/${name}.stamp")
    cmake_path(GET stamp PARENT_PATH folder)
    file(MAKE_DIRECTORY "${folder}")
    add_custom_command(
      OUTPUT "${stamp}"
      COMMAND "${EXPANDNET_CLANG_TIDY}" -p "${PROJECT_BINARY_DIR}" --quiet
              --warnings-as-errors=* "${source}"
      COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}"
      DEPENDS "${source}" ${headers} "${PROJECT_SOURCE_DIR}/.clang-tidy"
      COMMENT "clang-tidy ${name}"
      VERBATIM)
    list(APPEND stamps "${stamp}")
  endforeach()
  add_custom_target(tidy DEPENDS ${stamps})
endif()
