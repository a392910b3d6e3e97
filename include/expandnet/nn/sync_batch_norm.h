// sync_batch_norm.h: BatchNorm over the batches of all processes.
//
// LibTorch has PyTorch's SyncBatchNorm in Python only. A SyncBatchNorm1d, 2d or
// 3d is LibTorch's BatchNorm of the same name: the same options, state keys and
// place in the module tree, and the same values until `synchronize` is called.
// Declare it instead of a BatchNorm that is a member of a module. In a
// Sequential the pass `synchronize_batch_norm` replaces LibTorch's BatchNorm by
// it.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <expandnet/base/export.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/pimpl.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace expandnet {

/// Returns the rows [K] of all processes as [processes, K], in the same order
/// on all of them, in the row's dtype and on its device. It is a collective:
/// all processes must make the same calls in the same order, in forward and in
/// backward.
///
///     GatherRows gather = [&](const at::Tensor& row) {
///       return ranks->gather(row);
///     };
using GatherRows = std::function<at::Tensor(const at::Tensor& row)>;

/// A BatchNorm of C channels whose training statistics are those of the batches
/// of all processes together, as in PyTorch's SyncBatchNorm. Process p has n_p
/// values of a channel, their mean m_p and sum of squared deviations q_p; each
/// sends the row [n, m, q], and then
///
///     N = sum n_p,  mean = sum n_p m_p / N,
///     variance = sum (q_p + n_p (m_p - mean)^2) / N
///
/// so the batches of the processes may differ in size, or be empty. Backward
/// sends the sums of dy and of dy * xhat in the same way; the gradients of
/// weight and bias are those of the process's own batch; the processes average
/// them afterwards, with all other gradients. The rows are fp64. The running
/// statistics, with the variance over N - 1, are the same on all processes.
///
/// In evaluation mode, and so if it is frozen, nothing is sent. The gradient
/// cannot be differentiated again. Passes find the modules by this class; users
/// use SyncBatchNorm1d, 2d and 3d.
class EXPANDNET_API SyncBatchNorm {
 public:
  virtual ~SyncBatchNorm() = default;

  /// Synchronizes the module from the next forward on; null: it uses only its
  /// own batch. Objects that `gather` uses must outlive every pass in training
  /// mode.
  void synchronize(GatherRows gather) { gather_ = std::move(gather); }
  [[nodiscard]] bool is_synchronized() const { return gather_ != nullptr; }

 protected:
  GatherRows gather_;
};

/// Norm: one of LibTorch's BatchNorms.
///
/// `forward`: [N, C] or [N, C, *spatial] -> the same. Throws `c10::Error` for
/// an input of other dimensions or channels.
template <typename Norm>
class EXPANDNET_API SyncBatchNormImpl : public Norm, public SyncBatchNorm {
 public:
  using Norm::Norm;

  at::Tensor forward(const at::Tensor& input);

  /// A copy that is not synchronized.
  [[nodiscard]] std::shared_ptr<torch::nn::Module> clone(
      const std::optional<c10::Device>& device = std::nullopt) const override;
};

extern template class SyncBatchNormImpl<torch::nn::BatchNorm1dImpl>;
extern template class SyncBatchNormImpl<torch::nn::BatchNorm2dImpl>;
extern template class SyncBatchNormImpl<torch::nn::BatchNorm3dImpl>;

TORCH_MODULE_IMPL(SyncBatchNorm1d,
                  SyncBatchNormImpl<torch::nn::BatchNorm1dImpl>);
TORCH_MODULE_IMPL(SyncBatchNorm2d,
                  SyncBatchNormImpl<torch::nn::BatchNorm2dImpl>);
TORCH_MODULE_IMPL(SyncBatchNorm3d,
                  SyncBatchNormImpl<torch::nn::BatchNorm3dImpl>);

}  // namespace expandnet
