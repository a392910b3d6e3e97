#include <expandnet/tasks/detection/boxes.h>

#include <algorithm>

namespace expandnet::tasks {

double intersection(const Box& a, const Box& b) {
  const auto height =
      std::min(a.top + a.height, b.top + b.height) - std::max(a.top, b.top);
  const auto width =
      std::min(a.left + a.width, b.left + b.width) - std::max(a.left, b.left);
  return std::max(height, 0.0) * std::max(width, 0.0);
}

double iou(const Box& a, const Box& b) {
  const auto both = intersection(a, b);
  const auto either = a.height * a.width + b.height * b.width - both;
  return either > 0 ? both / either : 0;
}

}  // namespace expandnet::tasks
