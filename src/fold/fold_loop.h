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
  /// Those of the factors, in their shapes and the library's memory order;
  /// undefined for fixed ones.
  [[nodiscard]] const std::vector<Affine>& gradients() const {
    return gradients_;
  }

 private:
  /// A factor or a composition.
  struct Node {
    at::Tensor weight;       ///< [g, out, taps, in]
    at::Tensor bias;         ///< [g, out], or undefined
    at::Tensor weight_grad;  ///< of the same shapes; undefined if not trained
    at::Tensor bias_grad;
    std::vector<std::int64_t> sides;
    bool trained = true;
  };
  struct Pair {
    at::Tensor into, from;
  };
  /// A factor that is no kernel as it is.
  struct Staged {
    Pair pair;
    Pair identity;  ///< ones, into its diagonal; undefined: none is added
  };
  /// One composition, as operations on views.
  struct Step {
    // Matrices [g, rows, columns], of two dimensions where g is 1; g is that of
    // the finer of two nodes.
    at::Tensor outer, inner, product;
    at::Tensor outer_transposed, inner_transposed;
    at::Tensor sum;            ///< undefined unless both are spatial
    std::vector<Pair> shifts;  ///< into `sum`, from the product
    // Copies where the outer node has the coarser groups, else undefined.
    Pair split;                    ///< the outer weight, with finer groups
    Pair joined;                   ///< the result, with coarser ones
    Pair split_grad, joined_grad;  ///< the same of the gradients' way back
    // The bias: `summed` is the outer kernel's sum over its taps.
    Pair taps;  ///< from the outer kernel; undefined where it has one tap
    at::Tensor summed, summed_transposed;
    at::Tensor outer_bias, inner_bias, bias;
    // The way back.
    Pair spread;  ///< the gradient, into `matrix`; undefined unless spatial
    at::Tensor matrix, outer_grad, inner_grad;  ///< undefined: not needed
    Pair bias_terms;  ///< [g, out, 1, 1] and [g, 1, 1, in] of what is added to
    at::Tensor outer_kernel_grad;  ///< this, [g, out, taps, in]
    at::Tensor bias_grad, inner_bias_grad;
  };
  /// A branch in the sum, and its way back.
  struct Term {
    Pair weight, bias;
    Pair weight_grad, bias_grad;
    bool covers;  ///< all of the sum
  };

  void add_factor(const FactorShape& shape, const Affine& factor,
                  const at::TensorOptions& options);
  void add_composition(const Composition& composition, std::size_t result,
                       const at::TensorOptions& options);
  [[nodiscard]] Step step_of(const Composition& composition,
                             std::size_t result) const;
  static void add_bias(Step& step, const Node& outer, const Node& inner,
                       const Node& result);
  void add_sum(const Plan& plan, const at::TensorOptions& options);
  void fold_sum();

  std::vector<Staged> staged_;
  std::vector<Node> nodes_;
  std::vector<Step> steps_;
  std::vector<Term> terms_;  ///< none of a single chain
  Affine folded_;
  Affine gradient_;
  std::vector<Affine> gradients_;
};

}  // namespace expandnet
