// fake_int8.h: what a net would compute with eight-bit weights and activations.
//
// A net that is as good in floats may be worse in eight bits: how well weights
// can be rounded depends on their spread, which training decides. This shows it
// before anything is deployed, in floats that take only the values that eight
// bits can hold.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>
#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <vector>

namespace expandnet {

/// Whether the weights of a layer have one step in common, or one for each
/// output channel.
enum class Int8Steps { kPerTensor, kPerChannel };

/// Rounds a weight [out, ...] to 255 values around 0, as symmetric quantization
/// does: to `step` times a whole number from -127 to 127, where the step is the
/// largest magnitude divided by 127. Halves go to the even number.
[[nodiscard]] EXPANDNET_API at::Tensor round_to_int8(const at::Tensor& weight,
                                                     Int8Steps steps);

/// A compact model with the weights and the inputs of its convolutions and
/// linear layers rounded to eight bits. A BatchNorm that follows a convolution
/// is folded into it before. Biases, and what is between the layers, stay in
/// floats.
///
/// The inputs of a layer take 256 values in one range, which holds 0 and all
/// that `observe` has seen.
///
///     FakeInt8 int8(*model, forward, images, Int8Steps::kPerChannel);
///     for (...) int8.observe(training_images);
///     auto logits = int8.forward(images);
class EXPANDNET_API FakeInt8 {
 public:
  /// `forward` runs the module, in evaluation mode, on one tensor [N, ...] and
  /// returns one; it is traced on `example`, as `export_torchscript` does. The
  /// module is left as it is, and its weights are copied.
  ///
  /// Throws `c10::Error` for a module in training mode, and for one that has no
  /// such layer, or one whose weight is computed.
  FakeInt8(torch::nn::Module& module,
           const std::function<at::Tensor(const at::Tensor&)>& forward,
           const at::Tensor& example, Int8Steps steps);
  ~FakeInt8();
  FakeInt8(FakeInt8&&) noexcept;
  FakeInt8& operator=(FakeInt8&&) noexcept;

  /// Widens the ranges by a batch. Throws `c10::Error` after `forward`, and for
  /// inputs of a layer that are not finite.
  void observe(const at::Tensor& images);
  /// Runs the rounded model. Throws `c10::Error` before `observe`.
  [[nodiscard]] at::Tensor forward(const at::Tensor& images);

  /// Number of layers that are rounded.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace expandnet
