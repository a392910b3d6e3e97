// folder_batches.h: batches of the images of a folder, read ahead by threads.
#pragma once

#include <c10/core/Device.h>
#include <expandnet/data/images/image_transforms.h>
#include <expandnet/data/loading/batch_source.h>
#include <expandnet/data/loading/on_bad_image.h>
#include <expandnet/data/sets/image_folder.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace expandnet::data {

/// Defaults are the paper's for training on ImageNet.
struct FolderBatchOptions {
  /// How a file becomes an image; which of the two says whether the order is
  /// drawn anew in each epoch.
  std::variant<TrainTransform, EvalTransform> transform = TrainTransform{};
  std::int64_t batch_size = 256;
  bool drop_last = false;  ///< leave out a last batch that is not full
  /// Of processes that train together, each reads its share of every batch:
  /// equal parts, one after another. Batches must be full then.
  std::int64_t rank = 0;
  std::int64_t ranks = 1;
  std::uint64_t seed = 0;
  std::vector<double> mean = {.485, .456, .406};  ///< of pixels in [0, 1]
  std::vector<double> deviation = {.229, .224, .225};
  int workers = 2;  ///< threads that read and decode
  /// Batches that may be read ahead: of 224x224, 0.6 MB an image in floats,
  /// 0.15 MB in bytes. The memory of floats, and of two batches in use, is kept
  /// and used again once nobody has it.
  std::int64_t prefetch = 4;
  /// A batch whose images are all skipped is empty.
  OnBadImage on_bad_image = OnBadImage::kStop;
};

/// Reads, crops, resizes and normalizes on the CPU, in threads; to a GPU it
/// sends bytes, which are normalized there. Order, crops and flips depend on
/// seed, epoch and the image alone: they are the same for any number of
/// workers, and for a run that begins in the middle of an epoch.
///
///     FolderBatches batches(scan_image_folder("train"), {}, at::kCUDA);
class FolderBatches : public BatchSource {
 public:
  /// Throws `c10::Error` for a folder without files and options out of range.
  FolderBatches(ImageFolder folder, const FolderBatchOptions& options,
                c10::Device device);
  /// As above. Lists of millions of files may be shared.
  FolderBatches(std::shared_ptr<const ImageFolder> folder,
                const FolderBatchOptions& options, c10::Device device);
  ~FolderBatches() override;
  FolderBatches(const FolderBatches&) = delete;
  FolderBatches& operator=(const FolderBatches&) = delete;

  void start_epoch(std::int64_t epoch) override;
  [[nodiscard]] std::int64_t size() const override;
  /// Images in channels_last. Batches asked for in order are read ahead;
  /// another one begins anew from there. Throws `std::runtime_error` as the
  /// transforms do, unless bad images are skipped.
  [[nodiscard]] Batch batch(std::int64_t index) override;

  [[nodiscard]] std::vector<std::string> skipped() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace expandnet::data
