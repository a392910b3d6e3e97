#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/full.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/data/loading/batches.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "data/loading/epoch_generator.h"

namespace expandnet::data {

namespace {

constexpr const char* kBatches = "Batches";

std::string dtype_and_sizes(const at::Tensor& tensor) {
  return std::string(c10::toString(tensor.scalar_type())) + " " +
         sizes(tensor.sizes());
}

void check_tensors(const at::Tensor& images, const at::Tensor& labels) {
  TORCH_CHECK(images.dim() == 4 && images.scalar_type() == at::kByte,
              error_message(kBatches, "images must be uint8 [N, C, H, W]",
                            dtype_and_sizes(images)));
  TORCH_CHECK(
      labels.dim() == 1 && labels.scalar_type() == at::kLong &&
          labels.size(0) == images.size(0),
      error_message(kBatches, "labels must be int64 " + sizes({images.size(0)}),
                    dtype_and_sizes(labels)));
  TORCH_CHECK(images.size(0) > 0,
              error_message(kBatches, "there must be an image", "none"));
  TORCH_CHECK(labels.device() == images.device(),
              error_message(kBatches,
                            "labels must be on the images' device (" +
                                images.device().str() + ")",
                            labels.device().str()));
}

void check_options(const BatchOptions& options, std::size_t channels) {
  TORCH_CHECK(options.batch_size > 0,
              error_message(kBatches, "batch_size must be positive",
                            std::to_string(options.batch_size)));
  TORCH_CHECK(options.padding >= 0,
              error_message(kBatches, "padding must not be negative",
                            std::to_string(options.padding)));
  TORCH_CHECK(options.augment.changes == 0 || channels == 3,
              error_message(kBatches, "RandAugment needs three channels",
                            std::to_string(channels)));
  const auto& mean = options.mean;
  const auto& stddev = options.stddev;
  TORCH_CHECK(
      mean.size() == stddev.size() && (mean.empty() || mean.size() == channels),
      error_message(kBatches,
                    "mean and stddev must have one entry per channel (" +
                        std::to_string(channels) + ") or none",
                    std::to_string(mean.size()) + " and " +
                        std::to_string(stddev.size())));
  for (const auto value : stddev) {
    TORCH_CHECK(value > 0, error_message(kBatches, "stddev must be positive",
                                         c10::str(value)));
  }
}

}  // namespace

BatchOptions BatchOptions::plain() const {
  auto options = *this;
  options.shuffle = false;
  options.padding = 0;
  options.flip = false;
  options.augment.changes = 0;
  options.drop_last = false;
  return options;
}

Batches::Batches(const at::Tensor& images, at::Tensor labels,
                 BatchOptions options)
    : labels_(std::move(labels)), options_(std::move(options)) {
  check_tensors(images, labels_);
  check_options(options_, static_cast<std::size_t>(images.size(1)));
  height_ = images.size(2);
  width_ = images.size(3);
  const auto padding = options_.padding;
  padded_ = at::constant_pad_nd(images, {padding, padding, padding, padding})
                .flatten(2);
  pixels_ = padded_.size(2);
  channels_last_ = options_.memory_format == at::MemoryFormat::ChannelsLast;
  if (channels_last_) padded_ = padded_.transpose(1, 2).flatten(0, 1);

  // (byte / 255 - mean) / stddev, as byte * scale + offset.
  const auto channels = images.size(1);
  const auto device = images.device();
  const auto doubles = at::TensorOptions(at::kDouble);
  const auto mean = options_.mean.empty() ? at::zeros({channels}, doubles)
                                          : at::tensor(options_.mean, doubles);
  const auto stddev = options_.stddev.empty()
                          ? at::full({channels}, 1, doubles)
                          : at::tensor(options_.stddev, doubles);
  const auto per_channel = [&](const at::Tensor& values) {
    const auto floats = values.to(at::kFloat).to(device);
    // As long as an image: short rows are slow to broadcast.
    return channels_last_ ? floats.repeat({height_ * width_})
                          : floats.unsqueeze(1);
  };
  scale_ = per_channel(1 / (255 * stddev));
  offset_ = per_channel(-mean / stddev);
  start_epoch(0);
}

Batches Batches::with_seed(std::uint64_t seed) const {
  auto copy = *this;
  copy.options_.seed = seed;
  copy.start_epoch(0);
  return copy;
}

void Batches::start_epoch(std::int64_t epoch) {
  epoch_ = epoch;
  const auto count = labels_.size(0);
  const auto device = padded_.device();
  const auto generator = epoch_generator(options_.seed, epoch);
  const auto longs = at::TensorOptions(at::kLong);
  const auto draw = [&](std::int64_t choices) {
    return at::randint(choices, {count, 1, 1}, generator, longs).to(device);
  };
  order_ = (options_.shuffle ? at::randperm(count, generator, longs)
                             : at::arange(count, longs))
               .to(device);
  top_ = draw(2 * options_.padding + 1);
  left_ = draw(2 * options_.padding + 1);
  flipped_ = draw(options_.flip ? 2 : 1).to(at::kBool);
}

std::int64_t Batches::size() const {
  const auto count = labels_.size(0);
  return options_.drop_last
             ? count / options_.batch_size
             : (count + options_.batch_size - 1) / options_.batch_size;
}

at::Tensor Batches::crop(const at::Tensor& order) const {
  const auto longs = at::TensorOptions(at::kLong).device(padded_.device());
  const auto rows = at::arange(height_, longs).view({1, height_, 1}) +
                    top_.index_select(0, order);
  const auto columns = at::arange(width_, longs).view({1, 1, width_});
  const auto turned =
      at::where(flipped_.index_select(0, order), width_ - 1 - columns, columns);
  const auto pixels = rows * (width_ + 2 * options_.padding) + turned +
                      left_.index_select(0, order);  // [n, H, W]
  const auto count = order.size(0);
  if (channels_last_) {  // each pixel is a row of all images together
    const auto first = (order * pixels_).view({count, 1, 1});
    return padded_.index_select(0, (pixels + first).flatten())
        .view({count, -1});
  }
  const auto images = padded_.index_select(0, order);
  const auto index = pixels.flatten(1).unsqueeze(1).expand(
      {count, images.size(1), height_ * width_});
  return at::gather(images, 2, index);
}

at::Tensor Batches::augmented(const at::Tensor& crops,
                              const at::Tensor& order) const {
  const auto count = order.size(0);
  // [n, H W, C] in the CPU's memory, which nobody else has.
  auto pixels = crops.view({count, channels_last_ ? height_ * width_ : 3, -1});
  if (!channels_last_) pixels = pixels.transpose(1, 2);
  pixels = pixels.to(at::kCPU).clone(at::MemoryFormat::Contiguous);
  const auto indices = order.to(at::kCPU);
  const auto* index = indices.const_data_ptr<std::int64_t>();
  auto* bytes = pixels.mutable_data_ptr<std::uint8_t>();
  at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = begin; i < end; ++i) {
      options_.augment.apply(bytes + i * height_ * width_ * 3,
                             {height_, width_},
                             {options_.seed, epoch_, index[i]});
    }
  });
  if (!channels_last_) pixels = pixels.transpose(1, 2);
  return pixels.to(crops.device()).reshape(crops.sizes());
}

Batch Batches::batch(std::int64_t index) {
  TORCH_CHECK(
      index >= 0 && index < size(),
      error_message(kBatches, "index must be below " + std::to_string(size()),
                    std::to_string(index)));
  const auto start = index * options_.batch_size;
  const auto order = order_.narrow(
      0, start, std::min(options_.batch_size, order_.size(0) - start));
  auto images = crop(order);
  if (options_.augment.changes > 0) images = augmented(images, order);
  images = images.to(at::kFloat).mul_(scale_).add_(offset_);
  images =
      channels_last_
          ? images.unflatten(1, {height_, width_, -1}).permute({0, 3, 1, 2})
          : images.unflatten(2, {height_, width_});
  return {images, labels_.index_select(0, order)};
}

}  // namespace expandnet::data
