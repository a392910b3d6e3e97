// fake_int8.h: simulates a net with eight-bit weights and activations.
//
// Two nets that are equally good in floats may differ in eight bits: the error
// of rounding depends on the spread of the weights, which training determines.
// This simulation shows the difference before anything is deployed. It computes
// with floats that take only the values that eight bits can represent.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>
#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <vector>

namespace expandnet {

/// Whether a layer has one rounding step for all weights, or one for each
/// output channel.
enum class Int8Steps { kPerTensor, kPerChannel };

/// Rounds a weight [out, ...] to 255 values around 0, as symmetric quantization
/// does: to `step` times a whole number from -127 to 127, where the step is the
/// largest magnitude divided by 127. Halves go to the even number.
[[nodiscard]] EXPANDNET_API at::Tensor round_to_int8(const at::Tensor& weight,
                                                     Int8Steps steps);

/// A compact model with the weights and the inputs of its convolutions and
/// linear layers rounded to eight bits. A BatchNorm that follows a convolution
/// is first folded into it. Biases, and the operations between the layers, stay
/// in floats.
///
/// The inputs of a layer take 256 values in one range, which contains 0 and all
/// inputs during `observe`.
///
///     FakeInt8 int8(*model, forward, images, Int8Steps::kPerChannel);
///     for (...) int8.observe(training_images);
///     auto logits = int8.forward(images);
class EXPANDNET_API FakeInt8 {
 public:
  /// `forward` runs the module, in evaluation mode, on one tensor [N, ...] and
  /// returns one tensor. It is traced on `example`, as in `export_torchscript`.
  /// The module does not change; its weights are copied.
  ///
  /// Throws `c10::Error` for a module in training mode, for a module without a
  /// convolution or linear layer, and for a layer whose weight is computed.
  FakeInt8(torch::nn::Module& module,
           const std::function<at::Tensor(const at::Tensor&)>& forward,
           const at::Tensor& example, Int8Steps steps);
  ~FakeInt8();
  FakeInt8(FakeInt8&&) noexcept;
  FakeInt8& operator=(FakeInt8&&) noexcept;

  /// Extends the ranges to the inputs of a batch. Throws `c10::Error` if
  /// `forward` has already been called, and for inputs of a layer that are not
  /// finite.
  void observe(const at::Tensor& images);
  /// Runs the rounded model. Throws `c10::Error` if `observe` has not been
  /// called.
  [[nodiscard]] at::Tensor forward(const at::Tensor& images);

  /// Number of layers that are rounded.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace expandnet
