// predictions.h: what was found in images, for people and for programs.
#pragma once

#include <expandnet/data/images/image.h>
#include <expandnet/data/sets/annotated_image.h>
#include <expandnet/tasks/detection/boxes.h>

#include <optional>
#include <string>
#include <vector>

namespace expandnet::examples {

/// An image and the objects that were found in it, in its pixels.
struct Prediction {
  std::string path;
  std::string picture;  ///< the file with the boxes, beside the page
  data::ImageSize size;
  std::vector<tasks::Detection> found;
  /// What is in it; absent where nobody has said.
  std::optional<std::vector<data::AnnotatedObject>> meant;
};

/// A JSON list: of each image its path and size, and of each object its class,
/// score and box: left, top, width, height. Where it is known, "meant" has the
/// class and box of what is in the image.
[[nodiscard]] std::string predictions_json(
    const std::vector<Prediction>& predictions,
    const std::vector<std::string>& classes);

/// A page that shows each picture with names and scores over its boxes, and in
/// dashes what was meant.
[[nodiscard]] std::string predictions_html(
    const std::vector<Prediction>& predictions,
    const std::vector<std::string>& classes);

}  // namespace expandnet::examples
