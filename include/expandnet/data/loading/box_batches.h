// box_batches.h: batches of images with boxes, read ahead by threads.
#pragma once

#include <c10/core/Device.h>
#include <expandnet/base/export.h>
#include <expandnet/data/images/box_transforms.h>
#include <expandnet/data/loading/batch_source.h>
#include <expandnet/data/loading/box_targets.h>
#include <expandnet/data/loading/on_bad_image.h>
#include <expandnet/data/sets/annotated_image.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace expandnet::data {

/// The default values are YOLO-LITE's for training.
struct BoxBatchOptions {
  /// How an image becomes a picture. With BoxTrainTransform each epoch has a
  /// new random order; the targets also depend on the type.
  std::variant<BoxTrainTransform, BoxEvalTransform> transform =
      BoxTrainTransform{};
  std::int64_t size = 224;  ///< side of the pictures in pixels
  /// Sides that change from batch to batch; only in training.
  std::optional<MultiScale> scales = std::nullopt;
  /// Indices of the images of the set that are used; empty: all.
  std::vector<std::int64_t> images = {};
  std::int64_t batch_size = 64;
  bool drop_last = false;  ///< leave out a last batch that is not full
  /// Index and number of the processes that train together. Each process reads
  /// its share of every batch: equal consecutive parts. Batches must be full if
  /// there are several processes.
  std::int64_t rank = 0;
  std::int64_t ranks = 1;
  std::uint64_t seed = 0;
  std::vector<double> mean = {0, 0, 0};  ///< of pixels in [0, 1]
  std::vector<double> stddev = {1, 1, 1};
  int workers = 2;            ///< threads that read and decode
  std::int64_t prefetch = 4;  ///< batches that may be read ahead
  /// A batch whose images are all skipped is empty.
  OnBadImage on_bad_image = OnBadImage::kStop;
};

/// Reads, crops, resizes and normalizes as FolderBatches does. Order and
/// augmentation depend only on seed, epoch and the image.
///
/// Training has two targets, both on the device:
///
///     boxes  float [n, T, 5], as `tasks::region_loss` takes them. T is the
///            largest number of objects in an image of the set, so that shapes
///            do not depend on values. Objects that are difficult or a crowd
///            are left out.
///     seen   int64 []: number of images in all batches before this one, in
///            all epochs. It is computed from epoch and batch, so that a
///            resumed run has the same number.
///
/// Evaluation has three, the last two on the CPU:
///
///     boxes   as above
///     meant   double [n, M, kMeantColumns]: every object, in pixels of the
///             original image; rows with a negative label are padding
///     images  double [n, kImageColumns]
///
///     BoxBatches batches(set, {}, at::kCUDA);
class EXPANDNET_API BoxBatches : public BatchSource {
 public:
  /// Throws `c10::Error` if there is no image, for an index outside of the set,
  /// and for options out of range.
  BoxBatches(std::shared_ptr<const AnnotatedSet> set,
             const BoxBatchOptions& options, c10::Device device);
  ~BoxBatches() override;
  BoxBatches(const BoxBatches&) = delete;
  BoxBatches& operator=(const BoxBatches&) = delete;

  void start_epoch(std::int64_t epoch) override;
  [[nodiscard]] std::int64_t size() const override;
  /// Images are channels_last. Throws `std::runtime_error` for an image that
  /// cannot be read or differs in size from its annotation, unless bad images
  /// are skipped.
  [[nodiscard]] Batch batch(std::int64_t index) override;
  [[nodiscard]] std::vector<std::string> skipped() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace expandnet::data
