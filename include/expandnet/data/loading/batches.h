// batches.h: augmented batches, made on the device by a few tensor operations.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/MemoryFormat.h>
#include <expandnet/data/images/rand_augment.h>
#include <expandnet/data/loading/batch_source.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace expandnet::data {

/// Defaults are the paper's for training on CIFAR (Sec. 4.1), but for mean and
/// deviation, which belong to the dataset.
struct BatchOptions {
  std::int64_t batch_size = 128;
  bool shuffle = true;
  /// Black pixels put around each image before its random crop; 0: no crop.
  std::int64_t padding = 4;
  bool flip = true;  ///< left to right, each image with probability 1/2
  RandAugment augment = {/*changes=*/0};  ///< of the crops; for three channels
  bool drop_last = false;         ///< leave out a last batch that is not full
  std::vector<double> mean;       ///< per channel, of pixels in [0, 1]
  std::vector<double> deviation;  ///< per channel; both empty: not normalized
  std::uint64_t seed = 0;
  at::MemoryFormat memory_format = at::MemoryFormat::Contiguous;

  /// The same without shuffling and augmentation, to evaluate on.
  [[nodiscard]] BatchOptions plain() const;
};

/// The training set as bytes on the device, and its batches. Order, crops and
/// flips depend on seed and epoch alone: they are the same on every device and
/// whichever batches are asked for.
///
///     Batches batches(set.images.to(device), set.labels.to(device), options);
///     for (epoch = 0; epoch < epochs; ++epoch) {
///       batches.start_epoch(epoch);
///       for (i = 0; i < batches.size(); ++i) {
///         auto [images, labels] = batches.batch(i);
class Batches : public BatchSource {
 public:
  /// `images` are uint8 [N, C, H, W], `labels` int64 [N], both on the device of
  /// the batches. Throws `c10::Error` for other shapes or dtypes, and for
  /// options out of range.
  Batches(const at::Tensor& images, at::Tensor labels, BatchOptions options);

  /// The same images, which are shared, in other epochs.
  [[nodiscard]] Batches with_seed(std::uint64_t seed) const;

  /// Draws order, crops and flips; epoch 0 is drawn by the constructor.
  void start_epoch(std::int64_t epoch) override;
  [[nodiscard]] std::int64_t size() const override;
  /// Images cropped, flipped and normalized, and their labels.
  [[nodiscard]] Batch batch(std::int64_t index) override;

 private:
  /// Bytes [n, C, H W] or, for channels_last, [n, H W C].
  [[nodiscard]] at::Tensor crop(const at::Tensor& order) const;
  /// The same bytes with the changes of RandAugment, which the CPU makes.
  [[nodiscard]] at::Tensor augmented(const at::Tensor& crops,
                                     const at::Tensor& order) const;

  bool channels_last_;
  at::Tensor padded_;    ///< uint8 [N, C, P] or, for channels_last, [N P, C]
  std::int64_t pixels_;  ///< P = (H + 2 padding) (W + 2 padding)
  at::Tensor labels_;
  BatchOptions options_;
  std::int64_t epoch_ = 0;
  std::int64_t height_;
  std::int64_t width_;
  at::Tensor scale_;   ///< [C, 1] or [H W C], of bytes
  at::Tensor offset_;  ///< [C, 1] or [H W C]
  // Of this epoch: which image comes when, and how each image is cropped.
  at::Tensor order_;    ///< int64 [N]
  at::Tensor top_;      ///< int64 [N, 1, 1]
  at::Tensor left_;     ///< int64 [N, 1, 1]
  at::Tensor flipped_;  ///< bool [N, 1, 1]
};

}  // namespace expandnet::data
