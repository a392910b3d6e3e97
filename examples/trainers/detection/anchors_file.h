// anchors_file.h: the anchors of a run, as its folder keeps them.
#pragma once

#include <expandnet/data/sets/annotated_image.h>
#include <expandnet/tasks/detection/anchors.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::examples {

/// The text of a file: a line "width height" for each, in cells.
[[nodiscard]] std::string anchors_text(
    const std::vector<tasks::Anchor>& anchors);
/// Throws `std::runtime_error` for another text.
[[nodiscard]] std::vector<tasks::Anchor> read_anchors(const std::string& text);

/// The shapes of the boxes that are trained on, in cells of a grid of that many
/// rows and columns over each image.
[[nodiscard]] std::vector<tasks::Anchor> shapes_in(
    const data::AnnotatedSet& set, const std::vector<std::int64_t>& places,
    double cells);

/// The mean, over shapes, of the IoU with the best anchor.
[[nodiscard]] double mean_iou(const std::vector<tasks::Anchor>& shapes,
                              const std::vector<tasks::Anchor>& anchors);

/// "(1.08, 1.19) (3.42, 4.41)"
[[nodiscard]] std::string in_words(const std::vector<tasks::Anchor>& anchors);

}  // namespace expandnet::examples
