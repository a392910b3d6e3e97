// normalization.h: the bytes of images become floats around 0.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <expandnet/data/images/image.h>

#include <array>
#include <cstdint>
#include <vector>

#include "data/loading/batch_memory.h"

namespace expandnet::data {

/// (byte / 255 - mean) / deviation of every channel, for batches on `device`.
///
/// For the CPU `place` does it: the thread that has decoded an image, while the
/// image is in its cache. A GPU is sent the bytes, a quarter of the traffic,
/// and `finish` does it there. The numbers are the same.
class Normalization {
 public:
  /// `mean` and `deviation` have three entries, of pixels in [0, 1]. On the CPU
  /// the memory of the last `batches` is kept for others.
  Normalization(const std::vector<double>& mean,
                const std::vector<double>& deviation, c10::Device device,
                std::int64_t batches);

  /// Memory for images of one size. One thread at a time.
  [[nodiscard]] at::Tensor make_batch(std::int64_t images, ImageSize size);
  /// Puts an image where it belongs in what `make_batch` returned. Threads may
  /// place other images meanwhile.
  void place(const Image& image, const at::Tensor& batch,
             std::int64_t index) const;
  /// Returns the batch on the device, float [n, 3, H, W], channels_last.
  [[nodiscard]] at::Tensor finish(const at::Tensor& batch) const;

 private:
  c10::Device device_;
  at::Tensor scale_;                                   ///< [3, 1, 1], of bytes
  at::Tensor offset_;                                  ///< [3, 1, 1]
  std::array<std::array<float, 256>, 3> levels_ = {};  ///< of each byte
  BatchMemory memory_;
};

}  // namespace expandnet::data
