# Builds the project beside this file with LibTorch in a folder of an odd name.
#
#     cmake -DLIBTORCH=... -DBUILD=... -DGENERATOR=... -DGLOO=1 -DCOMPILER=... -P test.cmake
set(folder "${BUILD}/a b, (c)'s & co")
file(REMOVE_RECURSE "${BUILD}")
# The find module follows links, but only of the folder that has include/ and lib/.
file(MAKE_DIRECTORY "${folder}/torch/include")
file(CREATE_LINK "${LIBTORCH}/lib" "${folder}/torch/lib" SYMBOLIC)
file(GLOB headers RELATIVE "${LIBTORCH}/include" "${LIBTORCH}/include/*")
foreach(header IN LISTS headers)
  file(CREATE_LINK "${LIBTORCH}/include/${header}" "${folder}/torch/include/${header}" SYMBOLIC)
endforeach()
if(EXISTS "${LIBTORCH}/../nvidia") # where pip puts CUDA
  file(CREATE_LINK "${LIBTORCH}/../nvidia" "${folder}/nvidia" SYMBOLIC)
endif()

execute_process(
  COMMAND
    "${CMAKE_CTEST_COMMAND}" --build-and-test "${CMAKE_CURRENT_LIST_DIR}" "${folder}/build"
    --build-generator "${GENERATOR}" --build-options "-DLibTorch_ROOT=${folder}/torch"
    "-DEXPECT_GLOO=${GLOO}" "-DCMAKE_CXX_COMPILER=${COMPILER}" --test-command
    "${CMAKE_CTEST_COMMAND}" --output-on-failure
  RESULT_VARIABLE result
  OUTPUT_VARIABLE output
  ERROR_VARIABLE output)
if(result)
  message(FATAL_ERROR "${output}")
endif()
