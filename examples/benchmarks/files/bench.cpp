// expandnet-bench-files: images on their way into training, and weights.
//
//     expandnet-bench-files loader --python PYTHON
//     expandnet-bench-files boxes --python PYTHON
//     expandnet-bench-files program
//     expandnet-bench-files weights
//
// What is compared takes turns, and ratios are medians of those within each
// round. The first reads JPEG files of 500x375 that it makes (or a folder given
// by --data) with the crops of training, beside the torchvision of that Python:
// one worker that shares one core with the thread that asks for batches, and
// one and two workers on all cores. The second reads images with boxes, as a
// detector is trained on, on one core. The third trains from files and
// compares with the slower of step and reading. The last takes 1.2 GB of
// memory and 0.5 GB of temporary files.
#include "benchmarks/files/bench.h"

#include <fmt/format.h>

#include <thread>
#include <variant>

#include "command_line/output_file.h"
#include "command_line/status.h"

namespace expandnet::examples::bench {

namespace {

void run(const FilesArguments& arguments) {
  if (!arguments.json.empty()) check_writable(arguments.json);
  print_machine(c10::kCPU,
                fmt::format("{} of {} cores compute", arguments.threads,
                            std::thread::hardware_concurrency()));
  std::vector<Result> results;
  switch (arguments.command) {
    case FilesCommand::kLoader:
      results = bench_loader(arguments);
      print(results);
      break;
    case FilesCommand::kBoxes:
      results = bench_boxes(arguments);
      print(results);
      break;
    case FilesCommand::kProgram:
      results = bench_program(arguments);  // prints each net
      break;
    case FilesCommand::kWeights:
      results = bench_weights(arguments);
      print(results);
      break;
  }
  write_json(arguments.json, rows_of(results));
}

}  // namespace

}  // namespace expandnet::examples::bench

int main(int argc, char** argv) try {
  namespace bench = expandnet::examples::bench;
  const auto parsed = bench::parse_files(argc, argv);
  if (const auto* status = std::get_if<int>(&parsed)) return *status;
  bench::run(std::get<bench::FilesArguments>(parsed));
  return 0;
} catch (...) {
  return expandnet::examples::failure_status();
}
