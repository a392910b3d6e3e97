#include "trainers/detection/anchors_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

namespace expandnet::examples {

std::string anchors_text(const std::vector<tasks::Anchor>& anchors) {
  std::string text;
  for (const auto& [width, height] : anchors) {
    text += fmt::format("{} {}\n", width, height);  // to the last bit
  }
  return text;
}

std::vector<tasks::Anchor> read_anchors(const std::string& text) {
  std::vector<tasks::Anchor> anchors;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream numbers(line);
    tasks::Anchor anchor;
    std::string more;
    const bool is_anchor =
        static_cast<bool>(numbers >> anchor.width >> anchor.height) &&
        !(numbers >> more) && std::isfinite(anchor.width) &&
        std::isfinite(anchor.height) && anchor.width > 0 && anchor.height > 0;
    if (!is_anchor) {
      throw std::runtime_error(
          "an anchor must be a line of two positive numbers, got \"" + line +
          "\"");
    }
    anchors.push_back(anchor);
  }
  if (anchors.empty()) {
    throw std::runtime_error("there must be an anchor, got none");
  }
  return anchors;
}

std::vector<tasks::Anchor> shapes_in(const data::AnnotatedSet& set,
                                     const std::vector<std::int64_t>& places,
                                     double cells) {
  std::vector<tasks::Anchor> shapes;
  for (const auto place : places) {
    const auto& image = set.images[static_cast<std::size_t>(place)];
    for (const auto& object : image.objects) {
      if (object.difficult || object.crowd) continue;
      shapes.push_back(
          {cells * object.box.width / static_cast<double>(image.size.width),
           cells * object.box.height / static_cast<double>(image.size.height)});
    }
  }
  return shapes;
}

double mean_iou(const std::vector<tasks::Anchor>& shapes,
                const std::vector<tasks::Anchor>& anchors) {
  double sum = 0;
  for (const auto& shape : shapes) {
    double best = 0;
    for (const auto& anchor : anchors) {
      best = std::max(best, tasks::shape_iou(shape, anchor));
    }
    sum += best;
  }
  return sum / static_cast<double>(shapes.size());
}

std::string in_words(const std::vector<tasks::Anchor>& anchors) {
  std::string text;
  for (const auto& [width, height] : anchors) {
    text += fmt::format("{}({:.2f}, {:.2f})", text.empty() ? "" : " ", width,
                        height);
  }
  return text;
}

}  // namespace expandnet::examples
