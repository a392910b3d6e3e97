// arguments.h: the command line of expandnet-bench-files.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace expandnet::examples::bench {

enum class FilesCommand { kLoader, kBoxes, kProgram, kWeights };

/// Defaults are those of `--help`, where they differ by command of `loader`.
struct FilesArguments {
  FilesCommand command = FilesCommand::kLoader;
  std::string data;            ///< a folder of images; "": made for the run
  std::string list = "train";  ///< of images with boxes
  std::int64_t images = 256;
  std::int64_t batch = 32;
  std::int64_t image_size = 224;  ///< side in pixels
  std::vector<int> workers = {1, 2};
  std::string python;             ///< that has torchvision; "": none
  std::vector<std::string> nets;  ///< those for ImageNet
  int threads = 1;
  std::int64_t megabytes = 500;
  int rounds = 7;
  std::string json;  ///< a file; "": none
};

/// Reads the command line, or returns the status to exit with.
std::variant<FilesArguments, int> parse_files(int argc,
                                              const char* const* argv);

}  // namespace expandnet::examples::bench
