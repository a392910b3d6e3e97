// batches.h: augmented batches, made on the device by a few tensor operations.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/MemoryFormat.h>
#include <expandnet/base/export.h>
#include <expandnet/data/images/rand_augment.h>
#include <expandnet/data/loading/batch_source.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace expandnet::data {

/// The default values are the paper's for training on CIFAR (Sec. 4.1), except
/// for mean and stddev, which depend on the data set.
struct EXPANDNET_API BatchOptions {
  std::int64_t batch_size = 128;
  bool shuffle = true;
  /// Width of the black border around each image before its random crop; 0: no
  /// crop.
  std::int64_t padding = 4;
  bool flip = true;  ///< mirrors, each image with probability 1/2
  RandAugment augment = {/*changes=*/0};  ///< applied to crops with three
                                          ///< channels
  bool drop_last = false;      ///< leave out a last batch that is not full
  std::vector<double> mean;    ///< per channel, of pixels in [0, 1]
  std::vector<double> stddev;  ///< per channel; both empty: not normalized
  std::uint64_t seed = 0;
  at::MemoryFormat memory_format = at::MemoryFormat::Contiguous;

  /// Returns these options without shuffling and augmentation, for evaluation.
  [[nodiscard]] BatchOptions plain() const;
};

/// A training set as bytes on the device, and its batches. Order, crops and
/// flips depend only on seed and epoch: they are the same on every device,
/// whichever batches are requested.
///
///     Batches batches(set.images.to(device), set.labels.to(device), options);
///     for (epoch = 0; epoch < epochs; ++epoch) {
///       batches.start_epoch(epoch);
///       for (i = 0; i < batches.size(); ++i) {
///         auto [images, labels] = batches.batch(i);
class EXPANDNET_API Batches : public BatchSource {
 public:
  /// `images` are uint8 [N, C, H, W], `labels` int64 [N], both on the device of
  /// the batches. Throws `c10::Error` for other shapes or dtypes, and for
  /// options out of range.
  Batches(const at::Tensor& images, at::Tensor labels, BatchOptions options);

  /// Returns batches of the same images, which are shared, with another seed.
  [[nodiscard]] Batches with_seed(std::uint64_t seed) const;

  /// Draws order, crops and flips; the constructor draws epoch 0.
  void start_epoch(std::int64_t epoch) override;
  [[nodiscard]] std::int64_t size() const override;
  /// Returns cropped, flipped and normalized images, and their labels.
  [[nodiscard]] Batch batch(std::int64_t index) override;

 private:
  /// Returns the crops as bytes, [n, C, H W] or, for channels_last, [n, H W C].
  [[nodiscard]] at::Tensor crop(const at::Tensor& order) const;
  /// Returns them with the changes of RandAugment, which run on the CPU.
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
  at::Tensor scale_;   ///< [C, 1] or [H W C], multiplies bytes
  at::Tensor offset_;  ///< [C, 1] or [H W C]
  // The draws of this epoch: the order of the images, and the crop of each
  // image.
  at::Tensor order_;    ///< int64 [N]
  at::Tensor top_;      ///< int64 [N, 1, 1]
  at::Tensor left_;     ///< int64 [N, 1, 1]
  at::Tensor flipped_;  ///< bool [N, 1, 1]
};

}  // namespace expandnet::data
