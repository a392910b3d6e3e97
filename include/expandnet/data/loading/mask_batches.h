// mask_batches.h: batches of images and their masks, read ahead by threads.
#pragma once

#include <c10/core/Device.h>
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

/// Defaults are for training on Cityscapes.
struct MaskBatchOptions {
  /// How an image becomes a crop that is trained on; nothing: it is evaluated
  /// as a whole, at its own size. Which of the two says whether the order is
  /// drawn anew in each epoch.
  std::optional<MaskTrainTransform> transform = MaskTrainTransform{};
  ImageSize size = {512, 1024};  ///< of the crops; only in training
  /// The places of those images of the set that are read; empty: all.
  std::vector<std::int64_t> images = {};
  std::int64_t batch_size = 4;
  bool drop_last = false;  ///< leave out a last batch that is not full
  /// Of processes that train together, each reads its share of every batch:
  /// equal parts, one after another. Batches must be full then.
  std::int64_t rank = 0;
  std::int64_t ranks = 1;
  std::uint64_t seed = 0;
  std::vector<double> mean = {.485, .456, .406};  ///< of pixels in [0, 1]
  std::vector<double> deviation = {.229, .224, .225};
  int workers = 2;  ///< threads that read and decode
  /// Batches that may be read ahead: of 512x1024, 6.8 MB an image.
  std::int64_t prefetch = 2;
  /// A batch whose images are all skipped is empty.
  OnBadImage on_bad_image = OnBadImage::kStop;
};

/// Reads, crops, resizes and normalizes as FolderBatches does; the mask goes
/// with its image. Order and augmentation depend on seed, epoch and the image
/// alone. The targets are the labels of the pixels on the device:
///
///     images  float [n, 3, H, W], channels_last
///     labels  uint8 [n, H, W]: a class of the set, or `kIgnoredLabel`
///
/// Images that are evaluated come sorted by their size, of equal ones in their
/// order: a batch has one size, so the last of a size may hold fewer than
/// `batch_size`.
///
///     MaskBatches batches(set, {}, at::kCUDA);
class MaskBatches : public BatchSource {
 public:
  /// Throws `c10::Error` where there is no image, for a place that is none in
  /// the set, and for options out of range; `std::runtime_error` for an image
  /// to evaluate whose size is not known and cannot be read.
  MaskBatches(std::shared_ptr<const MaskSet> set,
              const MaskBatchOptions& options, c10::Device device);
  ~MaskBatches() override;
  MaskBatches(const MaskBatches&) = delete;
  MaskBatches& operator=(const MaskBatches&) = delete;

  void start_epoch(std::int64_t epoch) override;
  [[nodiscard]] std::int64_t size() const override;
  /// Throws `std::runtime_error` for an image or a mask that cannot be read,
  /// has an index without a class, or another size than it had, unless bad
  /// images are skipped.
  [[nodiscard]] Batch batch(std::int64_t index) override;
  [[nodiscard]] std::vector<std::string> skipped() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace expandnet::data
