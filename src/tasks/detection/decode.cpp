#include <c10/util/Exception.h>
#include <expandnet/tasks/detection/decode.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::tasks {

namespace {

constexpr std::int64_t kRegionBox = 5;  // tx, ty, tw, th, to

float decode_sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

/// The softmax of every `stride`th number, times `factor`.
void decode_softmax(const float* logits, std::int64_t stride,
                    std::int64_t classes, float factor, float* scores) {
  auto largest = logits[0];
  for (std::int64_t c = 1; c < classes; ++c) {
    largest = std::max(largest, logits[c * stride]);
  }
  float sum = 0;
  for (std::int64_t c = 0; c < classes; ++c) {
    scores[c] = std::exp(logits[c * stride] - largest);
    sum += scores[c];
  }
  for (std::int64_t c = 0; c < classes; ++c) scores[c] *= factor / sum;
}

}  // namespace

ScoredBoxes decode_region(const at::Tensor& output,
                          const std::vector<Anchor>& anchors) {
  const auto count = static_cast<std::int64_t>(anchors.size());
  TORCH_CHECK(
      output.dim() == 3 && count > 0 && output.size(0) % count == 0 &&
          output.size(0) / count > kRegionBox,
      error_message("decode_region",
                    c10::str("output must be [", count, " (5 + C), H, W]"),
                    sizes(output.sizes()),
                    "give the anchors that the network was made for"));
  const auto raw = output.detach().to(at::kCPU, at::kFloat).contiguous();
  const auto channels = output.size(0) / count;
  const auto rows = output.size(1);
  const auto columns = output.size(2);
  const auto cells = rows * columns;
  ScoredBoxes decoded;
  decoded.classes = channels - kRegionBox;
  decoded.boxes.reserve(static_cast<std::size_t>(count * cells));
  decoded.scores.resize(
      static_cast<std::size_t>(count * cells * decoded.classes));
  auto* scores = decoded.scores.data();
  const auto* anchor_raw = raw.const_data_ptr<float>();
  for (const auto& anchor : anchors) {
    for (std::int64_t cell = 0; cell < cells; ++cell) {
      const auto number = [&](std::int64_t channel) {
        return anchor_raw[channel * cells + cell];
      };
      const auto share = [](double length, std::int64_t of) {
        return length / static_cast<double>(of);
      };
      const auto column = cell % columns;
      const auto row = cell / columns;
      Box box;
      box.width = share(anchor.width * std::exp(number(2)), columns);
      box.height = share(anchor.height * std::exp(number(3)), rows);
      box.left = share(decode_sigmoid(number(0)) + static_cast<double>(column),
                       columns) -
                 box.width / 2;
      box.top =
          share(decode_sigmoid(number(1)) + static_cast<double>(row), rows) -
          box.height / 2;
      decoded.boxes.push_back(box);
      decode_softmax(anchor_raw + kRegionBox * cells + cell, cells,
                     decoded.classes, decode_sigmoid(number(4)), scores);
      scores += decoded.classes;
    }
    anchor_raw += channels * cells;
  }
  return decoded;
}

std::vector<std::vector<Detection>> detect(const at::Tensor& output,
                                           const std::vector<Anchor>& anchors,
                                           const SuppressOptions& options) {
  TORCH_CHECK(output.dim() == 4,
              error_message("detect", "output must be [B, A (5 + C), H, W]",
                            sizes(output.sizes())));
  const auto on_cpu = output.detach().to(at::kCPU, at::kFloat);
  std::vector<std::vector<Detection>> found;
  for (std::int64_t i = 0; i < on_cpu.size(0); ++i) {
    found.push_back(
        suppress(decode_region(on_cpu.select(0, i), anchors), options));
  }
  return found;
}

}  // namespace expandnet::tasks
