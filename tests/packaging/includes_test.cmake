# Shows that includes.cmake sees what it should.
#
#     cmake -DSCRATCH=<folder> -P includes_test.cmake
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/run_script.cmake")

# Expects `complaint`, nothing for none, about a tree of one `file` that says
# `include`.
function(expect file include complaint)
  file(REMOVE_RECURSE "${SCRATCH}")
  file(WRITE "${SCRATCH}/${file}" "#pragma once\n${include}\n")
  if(complaint)
    string(PREPEND complaint "${file}: ")
  endif()
  expect_complaint(includes "${complaint}" "${file} with ${include}")
endfunction()

expect(include/expandnet/nn/chain.h "#include <expandnet/fold/fold.h>" "")
expect(src/fold/fold.cpp "#include \"fold/compose.h\"" "")
expect(src/fold/fold.cpp "#include <torch/nn/module.h>" "")
expect(src/train/step.cpp "#include <expandnet/passes/expand.h>" "")
expect(src/io/zip/zip_archive.cpp "#include \"base/mapped_file.h\"" "")
expect(src/data/loading/batches.cpp "#include <expandnet/data/sets/image_set.h>" "")
expect(src/tasks/detection/boxes.cpp "#include <expandnet/data/images/image.h>" "")
expect(src/analysis/confusion.cpp "#include <expandnet/train/step.h>" "")

expect(include/expandnet/fold/fold.h "#include <expandnet/nn/chain.h>"
       "fold may include base, fold, got nn/chain.h")
expect(src/nn/chain.cpp "  # include \"passes/walk.h\""
       "nn may include base, fold, nn, got passes/walk.h")
expect(src/passes/contract.cpp "#include <expandnet/io/safetensors/safetensors.h>"
       "passes may include base, fold, nn, passes, got io/safetensors/safetensors.h")
expect(src/models/small_net.cpp "#include <expandnet/data/sets/cifar.h>"
       "models may include base, fold, nn, passes, models, got data/sets/cifar.h")
expect(include/expandnet/fold/fold.h "#include \"fold/compose.h\""
       "a public header may not include a private one, got fold/compose.h")
expect(src/io/zip/zip_archive.cpp "#include <expandnet/fold/plan.h>"
       "io may include base, io, got fold/plan.h")
expect(src/distributed/process_group.cpp "#include <expandnet/train/step.h>"
       "distributed may include base, distributed, got train/step.h")
expect(src/tasks/detection/boxes.cpp "#include <expandnet/train/step.h>"
       "tasks may include base, data, tasks, got train/step.h")
expect(src/misc/helpers.cpp "" "misc has no place in the order of folders")
