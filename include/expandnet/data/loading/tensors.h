// tensors.h: one or several tensors.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>

#include <utility>
#include <vector>

namespace expandnet::data {

/// The targets of a batch or the output of a model: one tensor (labels, masks,
/// logits) or several (boxes and image sizes). Converts implicitly from both,
/// and to a tensor if there is exactly one.
class EXPANDNET_API Tensors {
 public:
  Tensors() = default;
  Tensors(at::Tensor one) {  // NOLINT: implicit
    all_.push_back(std::move(one));
  }
  Tensors(std::vector<at::Tensor> all)  // NOLINT: implicit
      : all_(std::move(all)) {}

  /// Throws `c10::Error` unless there is exactly one tensor.
  [[nodiscard]] const at::Tensor& one() const;
  operator const at::Tensor&() const { return one(); }  // NOLINT: implicit

  [[nodiscard]] const std::vector<at::Tensor>& all() const { return all_; }
  /// Returns the same tensors without gradients.
  [[nodiscard]] Tensors detach() const;

 private:
  std::vector<at::Tensor> all_;
};

}  // namespace expandnet::data
