// mask_batches.h: batches of images and their masks, read ahead by threads.
#pragma once

#include <c10/core/Device.h>
#include <expandnet/base/export.h>
#include <expandnet/data/images/image.h>
#include <expandnet/data/images/mask_transforms.h>
#include <expandnet/data/loading/batch_source.h>
#include <expandnet/data/loading/on_bad_image.h>
#include <expandnet/data/sets/mask_set.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace expandnet::data {

/// The default values are for training on Cityscapes.
struct MaskBatchOptions {
  /// How an image becomes a training crop; each epoch then has a new random
  /// order. Absent: images are evaluated whole, at their own size.
  std::optional<MaskTrainTransform> transform = MaskTrainTransform{};
  ImageSize size = {512, 1024};  ///< of the crops; only in training
  /// Indices of the images of the set that are used; empty: all.
  std::vector<std::int64_t> images = {};
  std::int64_t batch_size = 4;
  bool drop_last = false;  ///< leave out a last batch that is not full
  /// Index and number of the processes that train together. Each process reads
  /// its share of every batch: equal consecutive parts. Batches must be full if
  /// there are several processes.
  std::int64_t rank = 0;
  std::int64_t ranks = 1;
  std::uint64_t seed = 0;
  std::vector<double> mean = {.485, .456, .406};  ///< of pixels in [0, 1]
  std::vector<double> stddev = {.229, .224, .225};
  int workers = 2;  ///< threads that read and decode
  /// Number of batches that may be read ahead. At 512x1024 an image takes 6.8
  /// MB.
  std::int64_t prefetch = 2;
  /// A batch whose images are all skipped is empty.
  OnBadImage on_bad_image = OnBadImage::kStop;
};

/// Reads, crops, resizes and normalizes as FolderBatches does, each image with
/// its mask. Order and augmentation depend only on seed, epoch and the image.
/// The target is a label for every pixel, on the device:
///
///     images  float [n, 3, H, W], channels_last
///     labels  uint8 [n, H, W]: a class of the set, or `kIgnoredLabel`
///
/// For evaluation, images are sorted by size, and by their order within a size.
/// All images of a batch have one size, so the last batch of a size may have
/// fewer than `batch_size` images.
///
///     MaskBatches batches(set, {}, at::kCUDA);
class EXPANDNET_API MaskBatches : public BatchSource {
 public:
  /// Throws `c10::Error` if there is no image, for an index outside of the set,
  /// and for options out of range; `std::runtime_error` for an image to
  /// evaluate whose size is unknown and cannot be read.
  MaskBatches(std::shared_ptr<const MaskSet> set,
              const MaskBatchOptions& options, c10::Device device);
  ~MaskBatches() override;
  MaskBatches(const MaskBatches&) = delete;
  MaskBatches& operator=(const MaskBatches&) = delete;

  void start_epoch(std::int64_t epoch) override;
  [[nodiscard]] std::int64_t size() const override;
  /// Throws `std::runtime_error` for an image or a mask that cannot be read,
  /// has an index without a class, or has another size than it had before,
  /// unless bad images are skipped.
  [[nodiscard]] Batch batch(std::int64_t index) override;
  [[nodiscard]] std::vector<std::string> skipped() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace expandnet::data
