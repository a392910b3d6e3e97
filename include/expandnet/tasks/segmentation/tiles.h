// tiles.h: images that are too large for one pass through a net.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace expandnet::tasks {

struct TileOptions {
  /// Height and width of what each pass gives the logits of, in pixels.
  std::int64_t side = 512;
  /// How much of the image each pass sees beyond that on every side, rounded up
  /// to a multiple of `stride`. From the net's receptive radius on, logits are
  /// those of the whole image; a UNet has 107, or 122 with bilinear steps.
  std::int64_t margin = 128;
  /// What the origins of all tiles must be multiples of.
  std::int64_t stride = 16;
};

/// Runs `net` on tiles of `images` and puts the logits together:
///
///     images  [N, C, H, W] -> [N, classes, H, W]
///
/// In evaluation mode these are the logits of `net(images)` to rounding, where
/// the margin is as large as said above. Without gradients, one tile's
/// activations are in memory at a time.
///
/// Throws `c10::Error` unless stride and side are positive and the side is a
/// multiple of the stride; for a negative margin; and for a net that does not
/// keep height and width.
///
///     UNet net;
///     TileOptions options;
///     options.margin = net->receptive_radius();
///     tiled_logits([&](const at::Tensor& x) { return net(x); }, images,
///                  options);
[[nodiscard]] at::Tensor tiled_logits(
    const std::function<at::Tensor(const at::Tensor&)>& net,
    const at::Tensor& images, const TileOptions& options = {});

}  // namespace expandnet::tasks
