// folder_batches.h: batches of the images of a folder, read ahead by threads.
#pragma once

#include <c10/core/Device.h>
#include <expandnet/base/export.h>
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

/// The default values are the paper's for training on ImageNet.
struct FolderBatchOptions {
  /// How a file becomes an image. With TrainTransform each epoch has a new
  /// random order.
  std::variant<TrainTransform, EvalTransform> transform = TrainTransform{};
  std::int64_t batch_size = 256;
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
  /// Number of batches that may be read ahead. At 224x224 an image takes 0.6 MB
  /// as floats and 0.15 MB as bytes. The memory of float batches, and of two
  /// batches in use, is kept and reused once nothing references it.
  std::int64_t prefetch = 4;
  /// A batch whose images are all skipped is empty.
  OnBadImage on_bad_image = OnBadImage::kStop;
};

/// Threads read, crop, resize and normalize on the CPU; a GPU is sent bytes and
/// normalizes them itself. Order, crops and flips depend only on seed, epoch
/// and the image: they are the same for any number of workers, and for a run
/// that starts in the middle of an epoch.
///
///     FolderBatches batches(scan_image_folder("train"), {}, at::kCUDA);
class EXPANDNET_API FolderBatches : public BatchSource {
 public:
  /// Throws `c10::Error` for a folder without files and options out of range.
  FolderBatches(ImageFolder folder, const FolderBatchOptions& options,
                c10::Device device);
  /// The same with a shared list, which may have millions of files.
  FolderBatches(std::shared_ptr<const ImageFolder> folder,
                const FolderBatchOptions& options, c10::Device device);
  ~FolderBatches() override;
  FolderBatches(const FolderBatches&) = delete;
  FolderBatches& operator=(const FolderBatches&) = delete;

  void start_epoch(std::int64_t epoch) override;
  [[nodiscard]] std::int64_t size() const override;
  /// Images are channels_last. Batches are read ahead in order; a request out
  /// of order starts again from there. Throws `std::runtime_error` as the
  /// transforms do, unless bad images are skipped.
  [[nodiscard]] Batch batch(std::int64_t index) override;

  [[nodiscard]] std::vector<std::string> skipped() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace expandnet::data
