// normalization.h: converts the bytes of images to normalized floats.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <expandnet/data/images/image.h>

#include <array>
#include <cstdint>
#include <vector>

#include "data/loading/batch_memory.h"

namespace expandnet::data {

/// Computes (byte / 255 - mean) / stddev of every channel, for batches on
/// `device`.
///
/// For CPU batches, `place` computes it in the thread that decoded the image,
/// while the image is in that core's cache. A GPU is sent bytes, a quarter of
/// the data, and `finish` computes it there. The results are the same.
class Normalization {
 public:
  /// `mean` and `stddev` have three entries, for pixels in [0, 1]. On the
  /// CPU, the memory of the last `batches` batches is kept for reuse.
  Normalization(const std::vector<double>& mean,
                const std::vector<double>& stddev, c10::Device device,
                std::int64_t batches);

  /// Allocates memory for images of one size. Not thread-safe.
  [[nodiscard]] at::Tensor make_batch(std::int64_t images, ImageSize size);
  /// Copies an image to its place in a batch from `make_batch`. Threads may
  /// place different images concurrently.
  void place(const Image& image, const at::Tensor& batch,
             std::int64_t index) const;
  /// Returns the batch on the device, float [n, 3, H, W], channels_last.
  [[nodiscard]] at::Tensor finish(const at::Tensor& batch) const;

 private:
  c10::Device device_;
  at::Tensor scale_;                                   ///< [3, 1, 1],
                                                       ///< multiplies bytes
  at::Tensor offset_;                                  ///< [3, 1, 1]
  std::array<std::array<float, 256>, 3> levels_ = {};  ///< of each byte
  BatchMemory memory_;
};

}  // namespace expandnet::data
