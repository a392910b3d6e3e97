// score.h: how well a network does.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <expandnet/data/loading/batch_source.h>
#include <expandnet/distributed/ranks.h>
#include <expandnet/train/history.h>
#include <expandnet/train/model.h>
#include <expandnet/train/precision.h>

namespace expandnet::train {

/// Adds up a Score batch by batch on the device, without waiting for it, inside
/// a captured step too.
class ScoreSum {
 public:
  explicit ScoreSum(c10::Device device);

  void reset();
  /// `loss` is the batch's mean, `logits` are [n, classes], `labels` [n].
  void add(const at::Tensor& loss, const at::Tensor& logits,
           const at::Tensor& labels);
  /// Waits for the device. Not a number before the first `add`.
  [[nodiscard]] Score mean() const;

  /// The sums, to be saved, restored and added to those of others: [loss,
  /// correct, among five, images], double.
  [[nodiscard]] const at::Tensor& sums() const { return sums_; }
  void set_sums(const at::Tensor& sums);
  /// Makes it the sum over all ranks, on each of them.
  void sum_over(Ranks& ranks);

 private:
  at::Tensor sums_;
};

/// Runs the model in evaluation mode, without gradients, over all batches of
/// epoch 0; its mode is put back. The loss is plain cross entropy. Ranks that
/// evaluate together have batches of their own, and all get the score of all.
[[nodiscard]] Score evaluate(const Model& model, data::BatchSource& batches,
                             c10::Device device,
                             Precision precision = Precision::kFloat32,
                             Ranks* ranks = nullptr);

}  // namespace expandnet::train
