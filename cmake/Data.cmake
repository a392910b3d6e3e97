# The targets data-cifar10 and data-cifar100 fetch the official archives, data-trees
# photographs with boxes.
set(EXPANDNET_DATA_DIR "${PROJECT_BINARY_DIR}/data" CACHE PATH "Where data sets are put")

function(expandnet_add_data name archive md5 folder)
  add_custom_target(
    data-${name}
    COMMAND
      ${CMAKE_COMMAND} "-DURL=https://www.cs.toronto.edu/~kriz/${archive}" "-DMD5=${md5}"
      "-DFOLDER=${folder}" "-DDATA_DIR=${EXPANDNET_DATA_DIR}" -P
      "${PROJECT_SOURCE_DIR}/cmake/DataFetch.cmake"
    COMMENT "Fetching ${archive}"
    USES_TERMINAL VERBATIM)
endfunction()

expandnet_add_data(cifar10 cifar-10-binary.tar.gz c32a1d4ab5d03f1284b67883e8d87530
                   cifar-10-batches-bin)
expandnet_add_data(cifar100 cifar-100-binary.tar.gz 03b5dce01913d631647c71ecec9e9cb8
                   cifar-100-binary)

find_package(Python3 COMPONENTS Interpreter QUIET)
if(Python3_Interpreter_FOUND)
  add_custom_target(
    data-trees
    COMMAND "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/examples/data/trees.py"
            "${EXPANDNET_DATA_DIR}/trees"
    COMMENT "Fetching photographs of trees"
    USES_TERMINAL VERBATIM)
endif()
