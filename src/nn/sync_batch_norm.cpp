#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/batch_norm_update_stats.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <expandnet/nn/sync_batch_norm.h>
#include <torch/csrc/autograd/custom_function.h>

#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"

namespace expandnet {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Of the values of each channel on all processes, in fp64.
struct SharedMoments {
  at::Tensor count;      ///< [1]
  at::Tensor mean;       ///< [C]
  at::Tensor deviation;  ///< [C]: the sum of squared deviations
};

/// The exchange, carried through autograd's context.
struct SharedGather : torch::CustomClassHolder {
  explicit SharedGather(GatherRows gather) : value(std::move(gather)) {}
  GatherRows value;
};

/// The dtype of sums over values of another one, at least float.
at::ScalarType sum_dtype(const at::Tensor& input) {
  return at::isReducedFloatingType(input.scalar_type()) ? at::kFloat
                                                        : input.scalar_type();
}

/// [C] -> [1, C, 1, ...], as the input.
at::Tensor over_input(const at::Tensor& numbers, const at::Tensor& input) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(input.dim()), 1);
  shape[1] = -1;
  return numbers.view(shape);
}

/// Count, means and sums of squared deviations: [1 + 2 C].
at::Tensor moments_row(const at::Tensor& input) {
  const auto channels = input.size(1);
  const auto options = input.options().dtype(at::kDouble);
  if (input.numel() == 0) return at::zeros({1 + 2 * channels}, options);
  const auto values = input.numel() / channels;
  const auto count = static_cast<double>(values);
  const auto [mean, variance] = at::batch_norm_update_stats(
      input.to(sum_dtype(input)), /*running_mean=*/{}, /*running_var=*/{},
      /*momentum=*/0);
  return at::cat({at::full({1}, count, options), mean.to(at::kDouble),
                  variance.to(at::kDouble).mul_(count)});
}

SharedMoments moments_of(const at::Tensor& input, const GatherRows& gather) {
  const auto channels = input.size(1);
  const auto rows = gather(moments_row(input));
  const auto counts = rows.narrow(1, 0, 1);
  const auto means = rows.narrow(1, 1, channels);
  const auto deviations = rows.narrow(1, 1 + channels, channels);
  const auto count = counts.sum(0);
  const auto mean = (means * counts).sum(0).div_(count);
  const auto from_mean = means - mean;
  return {count, mean, (deviations + counts * from_mean * from_mean).sum(0)};
}

/// The gradients of input, weight and bias where the statistics are constants:
/// of evaluation.
std::tuple<at::Tensor, at::Tensor, at::Tensor> fixed_backward(
    const at::Tensor& grad, const at::Tensor& input, const at::Tensor& weight,
    const at::Tensor& mean, const at::Tensor& variance, double epsilon) {
  if (input.numel() == 0) {  // LibTorch's divides by it
    return {at::zeros_like(input), at::zeros_like(mean), at::zeros_like(mean)};
  }
  return at::native_batch_norm_backward(
      grad, input, weight, mean, variance, /*save_mean=*/{},
      /*save_invstd=*/{}, /*train=*/false, epsilon, {true, true, true});
}

struct SyncBatchNormFunction
    : torch::autograd::Function<SyncBatchNormFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input,
                            const at::Tensor& weight, const at::Tensor& bias,
                            const SharedMoments& moments, double epsilon,
                            const c10::intrusive_ptr<SharedGather>& gather) {
    const auto dtype = weight.scalar_type();
    const auto mean = moments.mean.to(dtype);
    const auto variance = (moments.deviation / moments.count).to(dtype);
    context->save_for_backward({input, weight, mean, variance, moments.count});
    context->saved_data["epsilon"] = epsilon;
    context->saved_data["gather"] = c10::IValue::make_capsule(gather);
    return at::batch_norm(input, weight, bias, mean, variance,
                          /*training=*/false, /*momentum=*/0, epsilon,
                          /*cudnn_enabled=*/false);
  }

  static variable_list backward(AutogradContext* context,
                                const variable_list& grads) {
    TORCH_CHECK(!at::GradMode::is_enabled(),
                error_message("SyncBatchNorm",
                              "a gradient over several processes must not be "
                              "differentiated again",
                              "create_graph", "call synchronize(nullptr)"));
    const auto saved = context->get_saved_variables();
    const auto& input = saved[0];
    const auto& weight = saved[1];
    const auto& mean = saved[2];
    const auto& variance = saved[3];
    const auto& count = saved[4];
    const auto epsilon = context->saved_data["epsilon"].toDouble();
    const auto gather = c10::static_intrusive_pointer_cast<SharedGather>(
        context->saved_data["gather"].toCapsule());
    // As in evaluation: the statistics as constants, and the sums of dy * xhat
    // and of dy.
    auto [of_input, of_weight, of_bias] =
        fixed_backward(grads[0], input, weight, mean, variance, epsilon);
    const auto channels = mean.numel();
    const auto means =
        gather->value(at::cat({of_weight, of_bias}).to(at::kDouble))
            .sum(0)
            .div_(count);
    // What flows through the statistics: scale (mean dy + xhat mean dy xhat).
    const auto inverse = (variance.to(at::kDouble) + epsilon).rsqrt_();
    const auto scale = weight * inverse;
    const auto slope = scale * inverse * means.narrow(0, 0, channels);
    const auto offset = scale * means.narrow(0, channels, channels);
    const auto as_input = [&](const at::Tensor& numbers) {
      return over_input(numbers.to(mean.scalar_type()), input);
    };
    of_input.sub_((input - as_input(mean)).mul_(as_input(slope)))
        .sub_(as_input(offset));
    return {of_input, of_weight, of_bias, {}, {}, {}};
  }
};

/// Moves a running statistic by a share of the way to a new one.
void follow(const at::Tensor& running, const at::Tensor& value, double share) {
  running.lerp_(value.to(running.scalar_type()), share);
}

}  // namespace

template <typename Norm>
at::Tensor SyncBatchNormImpl<Norm>::forward(const at::Tensor& input) {
  if (gather_ == nullptr || !this->is_training()) return Norm::forward(input);
  this->_check_input_dim(input);
  const auto features = this->options.num_features();
  TORCH_CHECK(
      input.size(1) == features,
      error_message("SyncBatchNorm",
                    c10::str("an input must have ", features, " channels"),
                    c10::str(input.size(1))));
  SharedMoments moments;
  {
    const at::NoGradGuard no_grad;
    moments = moments_of(input, gather_);
    if (this->running_mean.defined()) {
      this->num_batches_tracked += 1;
      const auto momentum = this->options.momentum();
      const auto share =
          momentum ? *momentum
                   : 1 / this->num_batches_tracked.template item<double>();
      follow(this->running_mean, moments.mean, share);
      follow(this->running_var,
             moments.deviation / (moments.count - 1).clamp_min_(1), share);
    }
  }
  // Autograd takes no tensors that are undefined.
  const auto like_sums = input.options().dtype(sum_dtype(input));
  const bool affine = this->weight.defined();
  return SyncBatchNormFunction::apply(
      input, affine ? this->weight : at::ones({features}, like_sums),
      affine ? this->bias : at::zeros({features}, like_sums), moments,
      this->options.eps(), c10::make_intrusive<SharedGather>(gather_));
}

template <typename Norm>
std::shared_ptr<torch::nn::Module> SyncBatchNormImpl<Norm>::clone(
    const std::optional<c10::Device>& device) const {
  const auto norm = std::dynamic_pointer_cast<Norm>(Norm::clone(device));
  auto copy = std::make_shared<SyncBatchNormImpl>(this->options);
  static_cast<Norm&>(*copy) = *norm;
  return copy;
}

template class SyncBatchNormImpl<torch::nn::BatchNorm1dImpl>;
template class SyncBatchNormImpl<torch::nn::BatchNorm2dImpl>;
template class SyncBatchNormImpl<torch::nn::BatchNorm3dImpl>;

}  // namespace expandnet
