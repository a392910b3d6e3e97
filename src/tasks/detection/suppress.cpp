#include <expandnet/tasks/detection/suppress.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "base/error.h"
#include "tasks/detection/score_order.h"

namespace expandnet::tasks {

namespace {

constexpr std::size_t kBitsPerWord = 64;

/// A box by its edges.
struct Edges {
  double left, top, right, bottom, area;
};

std::vector<Edges> edges_of(const std::vector<Box>& boxes) {
  std::vector<Edges> edges;
  edges.reserve(boxes.size());
  for (const auto& box : boxes) {
    edges.push_back({box.left, box.top, box.left + box.width,
                     box.top + box.height, box.width * box.height});
  }
  return edges;
}

/// Whether the IoU exceeds `overlap`. As `iou`, but fit for the innermost loop:
/// without a division.
bool overlap_more(const Edges& a, const Edges& b, double overlap) {
  const auto width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const auto height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  if (width <= 0 || height <= 0) return overlap < 0;
  const auto both = width * height;
  return both > overlap * (a.area + b.area - both);
}

/// For each box the set of boxes that it may not stand beside, as bits. Classes
/// share the boxes, so it is computed once.
class Conflicts {
 public:
  Conflicts(const std::vector<Box>& boxes, double overlap)
      : words_((boxes.size() + kBitsPerWord - 1) / kBitsPerWord),
        bits_(words_ * boxes.size(), 0) {
    const auto edges = edges_of(boxes);
    for (std::size_t i = 0; i < edges.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (overlap_more(edges[i], edges[j], overlap)) {
          set(i, j);
          set(j, i);
        }
      }
    }
  }

  [[nodiscard]] std::size_t words() const { return words_; }
  /// Adds those of a box to a set.
  void add_to(std::vector<std::uint64_t>& banned, std::size_t box) const {
    for (std::size_t w = 0; w < words_; ++w) {
      banned[w] |= bits_[box * words_ + w];
    }
  }

 private:
  void set(std::size_t box, std::size_t other) {
    bits_[box * words_ + other / kBitsPerWord] |= std::uint64_t{1}
                                                  << other % kBitsPerWord;
  }

  std::size_t words_;
  std::vector<std::uint64_t> bits_;
};

}  // namespace

std::vector<Detection> suppress(const ScoredBoxes& boxes,
                                const SuppressOptions& options) {
  const auto count = boxes.boxes.size();
  const auto classes = static_cast<std::size_t>(boxes.classes);
  if (boxes.scores.size() != count * classes) {
    throw_argument_error("suppress",
                         "there must be " + std::to_string(count) + " x " +
                             std::to_string(classes) + " scores",
                         std::to_string(boxes.scores.size()),
                         "give one for each box and class");
  }
  const auto threshold = static_cast<float>(options.threshold);
  // Only these can conflict.
  std::vector<Box> used;
  std::vector<std::size_t> number;  // of each in `boxes`
  for (std::size_t i = 0; i < count; ++i) {
    const auto* scores = boxes.scores.data() + i * classes;
    if (std::any_of(scores, scores + classes,
                    [&](float score) { return score >= threshold; })) {
      used.push_back(boxes.boxes[i]);
      number.push_back(i);
    }
  }
  const Conflicts conflicts(used, options.overlap);

  std::vector<std::uint64_t> order;  // the score, then the box
  std::vector<std::uint64_t> banned;
  std::vector<Detection> found;
  for (std::size_t label = 0; label < classes; ++label) {
    order.clear();
    for (std::size_t i = 0; i < number.size(); ++i) {
      const auto score = boxes.scores[number[i] * classes + label];
      if (score >= threshold) {
        order.push_back(std::uint64_t{descending(score)} << 32U | i);
      }
    }
    std::sort(order.begin(), order.end());
    banned.assign(conflicts.words(), 0);
    for (const auto key : order) {
      const auto i = static_cast<std::size_t>(key & 0xFFFFFFFFU);
      if ((banned[i / kBitsPerWord] >> i % kBitsPerWord & 1U) != 0) continue;
      conflicts.add_to(banned, i);
      found.push_back({used[i], boxes.scores[number[i] * classes + label],
                       static_cast<std::int64_t>(label)});
    }
  }
  return found;
}

}  // namespace expandnet::tasks
