// image_source.h: the images that a bench reads.
#pragma once

#include <expandnet/data/sets/image_folder.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "benchmarks/files/arguments.h"
#include "benchmarks/files/scratch.h"

namespace expandnet::examples::bench {

/// Those of `--data`, or else photos made in a temporary folder.
class ImageSource {
 public:
  explicit ImageSource(const FilesArguments& arguments);

  /// As many as asked for.
  [[nodiscard]] std::shared_ptr<const data::ImageFolder> images() const {
    return images_;
  }
  /// A folder of exactly these, for other programs.
  [[nodiscard]] const std::filesystem::path& folder() const {
    return scratch_.path();
  }

 private:
  ScratchFolder scratch_;
  std::shared_ptr<const data::ImageFolder> images_;
};

}  // namespace expandnet::examples::bench
