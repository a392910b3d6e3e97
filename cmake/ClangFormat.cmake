# The target `format` rewrites the code by clang-format, the test `format` checks it.
# Another version sees things differently, so that one counts.
set(expandnet_CLANG_VERSION 14)

function(expandnet_is_our_clang_format valid tool)
  execute_process(COMMAND "${tool}" --version OUTPUT_VARIABLE version ERROR_QUIET)
  if(NOT version MATCHES "version ${expandnet_CLANG_VERSION}\\.")
    set(${valid} FALSE PARENT_SCOPE)
  endif()
endfunction()
find_program(EXPANDNET_CLANG_FORMAT NAMES clang-format-${expandnet_CLANG_VERSION} clang-format
             VALIDATOR expandnet_is_our_clang_format)
mark_as_advanced(EXPANDNET_CLANG_FORMAT)

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
