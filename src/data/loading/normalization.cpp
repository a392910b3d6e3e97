#include "data/loading/normalization.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cstring>

namespace expandnet::data {

Normalization::Normalization(const std::vector<double>& mean,
                             const std::vector<double>& stddev,
                             c10::Device device, std::int64_t batches)
    : device_(device), memory_(static_cast<std::size_t>(batches)) {
  const auto row = [](const std::vector<double>& values) {
    return at::tensor(values, at::kDouble);
  };
  const auto per_channel = [&](const at::Tensor& values) {
    return values.to(at::kFloat).to(device).view({3, 1, 1});
  };
  // As byte * scale + offset.
  scale_ = per_channel(1 / (255 * row(stddev)));
  offset_ = per_channel(-row(mean) / row(stddev));

  const auto bytes = at::arange(256, at::kFloat).to(device);
  const auto levels = bytes.mul(scale_).add_(offset_).to(at::kCPU).contiguous();
  std::memcpy(levels_.data(), levels.const_data_ptr<float>(), sizeof(levels_));
}

at::Tensor Normalization::make_batch(std::int64_t images, ImageSize size) {
  const std::vector<std::int64_t> sizes = {images, size.height, size.width, 3};
  if (device_.is_cpu()) return memory_.get(sizes, at::kFloat);
  // From pinned memory, which LibTorch does keep, a copy to the GPU goes on by
  // itself.
  return at::empty(
      sizes, at::TensorOptions(at::kByte).pinned_memory(device_.is_cuda()));
}

void Normalization::place(const Image& image, const at::Tensor& batch,
                          std::int64_t index) const {
  const auto begin = index * batch.stride(0);
  const auto& pixels = image.pixels;
  if (batch.dtype() == at::kByte) {
    std::copy(pixels.begin(), pixels.end(),
              batch.mutable_data_ptr<std::uint8_t>() + begin);
    return;
  }
  auto* level = batch.mutable_data_ptr<float>() + begin;
  for (std::size_t i = 0; i < pixels.size(); i += 3) {
    *level++ = levels_[0][pixels[i]];
    *level++ = levels_[1][pixels[i + 1]];
    *level++ = levels_[2][pixels[i + 2]];
  }
}

at::Tensor Normalization::finish(const at::Tensor& batch) const {
  // Images lie as [n, H, W, 3]: seen as [n, 3, H, W], that is channels_last.
  auto images = batch.to(device_, /*non_blocking=*/true).permute({0, 3, 1, 2});
  if (images.dtype() == at::kFloat) return images;
  return images.to(at::kFloat).mul_(scale_).add_(offset_);
}

}  // namespace expandnet::data
