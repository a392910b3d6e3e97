// bench.h: what expandnet-bench-files measures.
#pragma once

#include <vector>

#include "benchmarks/files/arguments.h"
#include "benchmarks/files/result.h"

namespace expandnet::examples::bench {

/// Images a second that FolderBatches reads, and torchvision.
std::vector<Result> bench_loader(const FilesArguments& arguments);

/// Images with boxes a second that BoxBatches reads, and torchvision.
std::vector<Result> bench_boxes(const FilesArguments& arguments);

/// Training from files, a step on a resident batch, and reading alone, for each
/// net.
std::vector<Result> bench_program(const FilesArguments& arguments);

/// Reading and contracting files of weights.
std::vector<Result> bench_weights(const FilesArguments& arguments);

}  // namespace expandnet::examples::bench
