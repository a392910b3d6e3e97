#include "nn/fold_function.h"

#include <ATen/core/grad_mode.h>
#include <expandnet/fold/pull_back.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

#include "fold/below_autograd.h"

namespace expandnet {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// The plan, carried through autograd's context.
struct SharedPlan : torch::CustomClassHolder {
  explicit SharedPlan(std::shared_ptr<const Plan> plan)
      : value(std::move(plan)) {}
  std::shared_ptr<const Plan> value;
};

variable_list flatten(const std::vector<Affine>& factors) {
  variable_list tensors;
  for (const auto& [weight, bias] : factors) {
    tensors.push_back(weight);
    if (bias.defined()) tensors.push_back(bias);
  }
  return tensors;
}

/// The inverse of `flatten`: takes factors off the front of `tensors`.
std::vector<Affine> unflatten(const Plan& plan,
                              c10::ArrayRef<at::Tensor> tensors) {
  std::vector<Affine> factors;
  std::size_t next = 0;
  for (const auto& shape : plan.factors) {
    Affine factor{tensors[next++], {}};
    if (shape.bias) factor.bias = tensors[next++];
    factors.push_back(std::move(factor));
  }
  return factors;
}

struct FoldFunction : torch::autograd::Function<FoldFunction> {
  // A TensorList: of a vector of tensors autograd would not see the members.
  static variable_list forward(AutogradContext* context,
                               const c10::intrusive_ptr<SharedPlan>& plan,
                               at::TensorList tensors) {
    Folded folded;
    {
      const BelowAutograd below_autograd;
      folded = fold(*plan->value, unflatten(*plan->value, tensors));
    }
    auto saved = tensors.vec();
    for (const auto* list : {&folded.kernels, &folded.biases}) {
      saved.insert(saved.end(), list->begin(), list->end());
    }
    context->save_for_backward(std::move(saved));
    context->saved_data["plan"] = c10::IValue::make_capsule(plan);
    context->saved_data["factors"] = static_cast<std::int64_t>(tensors.size());
    if (!folded.bias.defined()) return {folded.weight};
    return {folded.weight, folded.bias};
  }

  static variable_list backward(AutogradContext* context,
                                const variable_list& grads) {
    const auto plan = c10::static_intrusive_pointer_cast<SharedPlan>(
                          context->saved_data["plan"].toCapsule())
                          ->value;
    const auto saved = context->get_saved_variables();
    const auto count =
        static_cast<std::size_t>(context->saved_data["factors"].toInt());
    const auto factors = unflatten(*plan, c10::ArrayRef(saved).slice(0, count));

    Folded folded;
    std::optional<BelowAutograd> below_autograd;
    if (at::GradMode::is_enabled()) {
      // Partial products are constants to autograd; fold again, seen by it.
      folded = fold(*plan, factors);
    } else {
      const auto kernels = saved.begin() + static_cast<std::ptrdiff_t>(count);
      const auto biases = kernels + (saved.end() - kernels) / 2;
      folded.kernels.assign(kernels, biases);
      folded.biases.assign(biases, saved.end());
      below_autograd.emplace();
    }
    variable_list result = {{}};  // the plan has no gradient
    const auto pulled = pull_back(
        *plan, folded, {grads[0], grads.size() > 1 ? grads[1] : at::Tensor()});
    for (std::size_t i = 0; i < pulled.size(); ++i) {
      result.push_back(pulled[i].weight);  // undefined for a fixed factor
      if (plan->factors[i].bias) result.push_back(pulled[i].bias);
    }
    return result;
  }
};

}  // namespace

Affine fold_with_gradient(std::shared_ptr<const Plan> plan,
                          const std::vector<Affine>& factors) {
  check_factors(*plan, factors);
  const auto result =
      FoldFunction::apply(c10::make_intrusive<SharedPlan>(std::move(plan)),
                          at::TensorList(flatten(factors)));
  return {result[0], result.size() > 1 ? result[1] : at::Tensor()};
}

}  // namespace expandnet
