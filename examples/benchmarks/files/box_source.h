// box_source.h: the images with boxes that a bench reads.
#pragma once

#include <expandnet/data/sets/annotated_image.h>

#include <memory>
#include <string>

#include "benchmarks/files/arguments.h"
#include "benchmarks/files/scratch.h"

namespace expandnet::examples::bench {

/// Those of a list of `--data`, a folder in the layout of one year of VOC; or
/// else photos made in a temporary folder, with boxes at random places.
class BoxSource {
 public:
  explicit BoxSource(const FilesArguments& arguments);

  /// As many as asked for.
  [[nodiscard]] std::shared_ptr<const data::AnnotatedSet> set() const {
    return set_;
  }
  /// The same for other programs: JSON, of each image its path, its boxes
  /// (left, top, right, bottom) and their labels.
  [[nodiscard]] std::string list() const;

 private:
  ScratchFolder scratch_;
  std::shared_ptr<const data::AnnotatedSet> set_;
};

}  // namespace expandnet::examples::bench
