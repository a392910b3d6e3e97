# Runs from_python.py, from_python, and from_python.py on what it has written;
# with ONNX also the way to that.
#
#     cmake -DPYTHON=<python> -DPROGRAM=<from_python> -DFOLDER=<folder>
#           -DONNX=<ON or OFF> -P from_python.cmake
cmake_minimum_required(VERSION 3.25)

set(needed torch)
if(ONNX)
  set(needed "torch, onnx, onnxscript")
endif()
execute_process(
  COMMAND "${PYTHON}" -c "import ${needed}"
  RESULT_VARIABLE failed
  OUTPUT_QUIET ERROR_QUIET)
if(failed)
  message("skipped: \"${PYTHON}\" cannot import ${needed}")
  return()
endif()

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

set(script "${CMAKE_CURRENT_LIST_DIR}/from_python.py")
file(MAKE_DIRECTORY "${FOLDER}")
run("${PYTHON}" "${script}" write "${FOLDER}")
run("${PROGRAM}" "${FOLDER}")
run("${PYTHON}" "${script}" load "${FOLDER}")
if(ONNX)
  run("${PYTHON}" "${script}" onnx "${FOLDER}")
endif()
