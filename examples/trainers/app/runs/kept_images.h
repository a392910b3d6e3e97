// kept_images.h: which images a run began with.
#pragma once

#include <string>
#include <vector>

#include "trainers/app/runs/trainer.h"

namespace expandnet::examples {

/// The line of a set in a run's images.txt: how many images it has, and the
/// SHA-1 of their names in their order. Names are such that a folder may be
/// moved.
///
///     training: 57 images, a9993e364706816aba3e25717850c26c9cd0d89d
[[nodiscard]] std::string images_line(const std::string& set,
                                      const std::vector<std::string>& names);

/// The file of the lines of all sets.
[[nodiscard]] KeptFile kept_images(const std::vector<std::string>& lines);

/// Throws `c10::Error` where a set of `data` has another line than the run in a
/// folder began with. A run without that file began before there was one.
void check_images_of_run(const std::string& folder, const std::string& set,
                         const std::string& line, const std::string& data);

}  // namespace expandnet::examples
