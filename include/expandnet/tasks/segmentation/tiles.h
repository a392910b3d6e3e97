// tiles.h: runs a net over an image in tiles, for images that are too large.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>

#include <cstdint>
#include <functional>

namespace expandnet::tasks {

struct TileOptions {
  /// Height and width of the area whose logits one pass computes, in pixels.
  std::int64_t side = 512;
  /// Number of pixels that each pass sees beyond that area on every side,
  /// rounded up to a multiple of `stride`. If it is at least the net's
  /// receptive radius, the logits are those of the whole image; the radius of a
  /// UNet is 107, or 122 with bilinear interpolation.
  std::int64_t margin = 128;
  /// The origins of all tiles are multiples of this number.
  std::int64_t stride = 16;
};

/// Runs `net` on tiles of `images` and joins the logits:
///
///     images  [N, C, H, W] -> [N, classes, H, W]
///
/// In evaluation mode these are the logits of `net(images)`, to rounding, if
/// the margin is large enough (TileOptions). Without gradients, memory holds
/// the activations of only one tile at a time.
///
/// Throws `c10::Error` unless stride and side are positive and the side is a
/// multiple of the stride; for a negative margin; and if the net changes height
/// and width.
///
///     UNet net;
///     TileOptions options;
///     options.margin = net->receptive_radius();
///     tiled_logits([&](const at::Tensor& x) { return net(x); }, images,
///                  options);
[[nodiscard]] EXPANDNET_API at::Tensor tiled_logits(
    const std::function<at::Tensor(const at::Tensor&)>& net,
    const at::Tensor& images, const TileOptions& options = {});

}  // namespace expandnet::tasks
