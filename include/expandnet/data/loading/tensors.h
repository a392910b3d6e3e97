// tensors.h: one tensor, or several.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

namespace expandnet::data {

/// What a batch asks for, and what a model answers: one tensor (labels, masks,
/// logits), or several (boxes and the sizes of images). It is made of either,
/// and where it holds one it is taken for that.
class Tensors {
 public:
  Tensors() = default;
  Tensors(at::Tensor one) {  // NOLINT: implicit
    all_.push_back(std::move(one));
  }
  Tensors(std::vector<at::Tensor> all)  // NOLINT: implicit
      : all_(std::move(all)) {}

  /// Throws `c10::Error` unless there is exactly one.
  [[nodiscard]] const at::Tensor& one() const;
  operator const at::Tensor&() const { return one(); }  // NOLINT: implicit

  [[nodiscard]] const std::vector<at::Tensor>& all() const { return all_; }
  /// The same without gradients.
  [[nodiscard]] Tensors detach() const;

 private:
  std::vector<at::Tensor> all_;
};

}  // namespace expandnet::data
