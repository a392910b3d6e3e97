#include <ATen/ops/cat.h>
#include <c10/util/Exception.h>
#include <expandnet/tasks/segmentation/tiles.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::tasks {

namespace {

constexpr const char* kTiles = "tiled_logits";

/// A stretch of a side: what a tile sees, and what of its logits counts.
struct TileStretch {
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::int64_t first = 0;  ///< after `from`
  std::int64_t count = 0;
};

std::vector<TileStretch> stretches_of(std::int64_t side,
                                      const TileOptions& options) {
  const auto margin =
      (options.margin + options.stride - 1) / options.stride * options.stride;
  std::vector<TileStretch> stretches;
  for (std::int64_t begin = 0; begin < side; begin += options.side) {
    TileStretch stretch;
    const auto end = std::min(begin + options.side, side);
    stretch.from = std::max<std::int64_t>(begin - margin, 0);
    stretch.to = std::min(end + margin, side);
    stretch.first = begin - stretch.from;
    stretch.count = end - begin;
    stretches.push_back(stretch);
  }
  return stretches;
}

}  // namespace

at::Tensor tiled_logits(const std::function<at::Tensor(const at::Tensor&)>& net,
                        const at::Tensor& images, const TileOptions& options) {
  const bool fits = options.stride > 0 && options.side > 0 &&
                    options.margin >= 0 && options.side % options.stride == 0;
  TORCH_CHECK(
      fits,
      error_message(kTiles,
                    "side must be a multiple of the stride, and neither "
                    "it nor the margin negative",
                    c10::str("side ", options.side, ", margin ", options.margin,
                             " and stride ", options.stride)));
  TORCH_CHECK(images.dim() == 4 && images.size(2) > 0 && images.size(3) > 0,
              error_message(kTiles, "images must be [N, C, H, W]",
                            sizes(images.sizes())));
  std::vector<at::Tensor> rows;
  for (const auto& y : stretches_of(images.size(2), options)) {
    std::vector<at::Tensor> row;
    for (const auto& x : stretches_of(images.size(3), options)) {
      const auto tile = images.slice(2, y.from, y.to).slice(3, x.from, x.to);
      const auto logits = net(tile);
      TORCH_CHECK(logits.dim() == 4 && logits.size(2) == tile.size(2) &&
                      logits.size(3) == tile.size(3),
                  error_message(kTiles, "a net must keep height and width",
                                c10::str(sizes(logits.sizes()), " from ",
                                         sizes(tile.sizes()))));
      // A copy, so that what is beside it is freed.
      row.push_back(logits.slice(2, y.first, y.first + y.count)
                        .slice(3, x.first, x.first + x.count)
                        .clone());
    }
    rows.push_back(at::cat(row, 3));
  }
  return at::cat(rows, 2);
}

}  // namespace expandnet::tasks
