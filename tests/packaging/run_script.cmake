# How the tests of scripts run them.

# Runs NAME.cmake of this folder on the tree SCRATCH, with what else it is given.
# Expects it to complain with `complaint`, or to end well if that is empty; `about`
# says what the tree has. Sets `said`: what it printed.
function(expect_complaint name complaint about)
  execute_process(
    COMMAND ${CMAKE_COMMAND} "-DROOT=${SCRATCH}" ${ARGN} -P
            "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/${name}.cmake"
    RESULT_VARIABLE failed
    OUTPUT_VARIABLE said
    ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  string(FIND "${output}" "${complaint}" position)
  if((complaint AND (position EQUAL -1 OR NOT failed)) OR (failed AND NOT complaint))
    message(SEND_ERROR "${about}: expected '${complaint}', got '${output}'")
  endif()
  set(said "${said}" PARENT_SCOPE)
endfunction()
