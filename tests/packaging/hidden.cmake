# A shared library shows a public function, and hides one that is not.
#
#     cmake -DLIBRARY=libexpandnet.so -DNM=nm -P hidden.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND "${NM}" -DC --defined-only "${LIBRARY}" OUTPUT_VARIABLE shown
                COMMAND_ERROR_IS_FATAL ANY)
if(NOT shown MATCHES " T expandnet::expand\\(")
  message(FATAL_ERROR "${LIBRARY} must show expand of passes/expand.h")
elseif(shown MATCHES " T expandnet::layer_work\\(")
  message(FATAL_ERROR "${LIBRARY} must hide layer_work, which no public header has")
endif()
