// fold_loop.h: one chain, folded and pulled back step after step.
//
// `fold` and `pull_back` are functions of tensors, which autograd can follow. A
// training step repeats them on the same memory. So all that they write to, and
// all views of it, are made once here; a step is matrix products and additions
// between them, and allocates nothing.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/fold/fold.h>
#include <expandnet/fold/plan.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace expandnet {

class FoldLoop {
 public:
  /// Of factors whose memory stays where it is.
  FoldLoop(const Plan& plan, const std::vector<Affine>& factors);

  /// Folds what is in the factors now.
  void fold();

  /// The gradient of the compact layer becomes that of the factors, linearized
  /// at what was folded last. The bias's counts only `with_bias`.
  void pull_back(bool with_bias);

  /// What was folded, in the layout of kernels: [groups, out, taps, in], and
  /// [groups, out], undefined without a bias. The memory stays the same.
  [[nodiscard]] const Affine& folded() const { return folded_; }
  /// The compact layer's gradient, to be written in the same layout.
  [[nodiscard]] const Affine& gradient() const { return gradient_; }
  /// Those of the factors, in their shapes and the library's memory order.
  [[nodiscard]] const std::vector<Affine>& gradients() const {
    return gradients_;
  }

 private:
  /// A factor or a composition.
  struct Node {
    at::Tensor weight;       ///< [g, out, taps, in]
    at::Tensor bias;         ///< [g, out], or undefined
    at::Tensor weight_grad;  ///< of the same shapes
    at::Tensor bias_grad;
    std::vector<std::int64_t> sides;
  };
  struct Pair {
    at::Tensor into, from;
  };
  /// One composition, as operations on views.
  struct Step {
    // Matrices [g, rows, columns], of two dimensions where g is 1.
    at::Tensor outer, inner, product;
    at::Tensor outer_transposed, inner_transposed;
    at::Tensor sum;            ///< undefined unless both are spatial
    std::vector<Pair> shifts;  ///< into `sum`, from the product
    // The bias: `summed` is the outer kernel's sum over its taps.
    Pair taps;  ///< from the outer kernel; undefined where it has one tap
    at::Tensor summed, summed_transposed;
    at::Tensor outer_bias, inner_bias, bias;
    // The way back.
    Pair spread;  ///< the gradient, into `matrix`; undefined unless spatial
    at::Tensor matrix, outer_grad, inner_grad;
    Pair bias_terms;  ///< [g, out, 1, 1] and [g, 1, 1, in] of what is added to
    at::Tensor outer_kernel_grad;  ///< this, [g, out, taps, in]
    at::Tensor bias_grad, inner_bias_grad;
  };

  Step step_of(const Composition& composition, std::size_t result);
  void add_bias(Step& step, const Node& outer, const Node& inner,
                const Node& result);
  /// A matrix of a group, or one for each.
  [[nodiscard]] at::Tensor matrix(const at::Tensor& batch) const;

  std::int64_t groups_;
  std::vector<Pair> staged_;  ///< factors that are no kernels as they are
  std::vector<Node> nodes_;
  std::vector<Step> steps_;
  Affine folded_;
  Affine gradient_;
  std::vector<Affine> gradients_;
};

}  // namespace expandnet
