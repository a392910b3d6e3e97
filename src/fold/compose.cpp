#include "fold/compose.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addr.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <initializer_list>

#include "fold/sides.h"

namespace expandnet {

namespace {

/// Batched product. mm is faster than bmm of one.
at::Tensor product(const at::Tensor& a, const at::Tensor& b) {
  if (a.size(0) != 1 && a.size(2) == 1) return a * b;
  if (a.size(0) != 1) return at::bmm(a, b);
  return at::mm(a.squeeze(0), b.squeeze(0)).unsqueeze(0);
}

/// [g, out, a, in] as the matrices [g, (out a), in].
at::Tensor rows(const at::Tensor& kernel) { return kernel.flatten(1, 2); }

/// [g, m, b, in] as the matrices [g, m, (b in)].
at::Tensor columns(const at::Tensor& kernel) { return kernel.flatten(2, 3); }

/// [g, out, a, in] summed over the taps: [g, out, in].
at::Tensor sum_taps(const at::Tensor& kernel) {
  return kernel.size(2) == 1 ? kernel.squeeze(2) : kernel.sum(2);
}

/// [g, n, m] applied to [g, m].
at::Tensor apply(const at::Tensor& matrix, const at::Tensor& vector) {
  if (matrix.size(0) != 1) return matrix.bmm(vector.unsqueeze(2)).squeeze(2);
  return matrix.squeeze(0).mv(vector.squeeze(0)).unsqueeze(0);
}

/// A bias [g, out] with other groups.
at::Tensor regrouped(const at::Tensor& bias, std::int64_t groups) {
  if (!bias.defined() || bias.size(0) == groups) return bias;
  return bias.reshape({groups, -1});
}

/// [groups of the outer kernel, out].
at::Tensor compose_bias(const Kernel& outer, const Kernel& inner) {
  if (!inner.bias.defined()) return outer.bias;
  const auto carried = apply(sum_taps(outer.weight),
                             regrouped(inner.bias, outer.weight.size(0)));
  return outer.bias.defined() ? carried + outer.bias : carried;
}

/// Two weights with the groups of the finer one.
struct Aligned {
  at::Tensor outer, inner;
};

Aligned align(const Kernel& outer, const Kernel& inner) {
  const auto groups = std::max(outer.weight.size(0), inner.weight.size(0));
  return {split_inputs(outer.weight, groups),
          group_outputs(inner.weight, groups)};
}

/// Adds bias [g, out] times below [g, in] to every tap of a fresh kernel
/// gradient [g, out, taps, in], in place.
void add_outer(at::Tensor& kernel, const at::Tensor& bias,
               const at::Tensor& below) {
  if (kernel.size(0) == 1 && kernel.size(2) == 1) {
    kernel.view({kernel.size(1), kernel.size(3)})
        .addr_(bias.squeeze(0), below.squeeze(0));
  } else {
    kernel.add_((bias.unsqueeze(2) * below.unsqueeze(1)).unsqueeze(2));
  }
}

bool both_spatial(const Kernel& outer, const Kernel& inner) {
  return outer.weight.size(2) > 1 && inner.weight.size(2) > 1;
}

using Add = std::function<void(const at::Tensor&, const at::Tensor&)>;

/// Adds `terms` to `sum`, [g, out, *t, in], shifted by each of the `taps` that
/// they have at `place`, from dimension `d` on.
void add_shifted(const at::Tensor& sum, const at::Tensor& terms,
                 std::int64_t place, const Sides& taps, const Sides& others,
                 const Add& add, std::size_t d = 0) {
  if (d == taps.size()) {
    add(sum, terms);
    return;
  }
  for (std::int64_t tap = 0; tap < taps[d]; ++tap) {
    add_shifted(sum.narrow(2 + static_cast<std::int64_t>(d), tap, others[d]),
                terms.select(place, tap), place, taps, others, add, d + 1);
  }
}

}  // namespace

at::Tensor to_kernel(const at::Tensor& weight, std::int64_t groups) {
  const auto kernel = weight.dim() > 2 ? weight.flatten(2).transpose(1, 2)
                                       : weight.unsqueeze(1);
  return kernel.unflatten(0, {groups, kernel.size(0) / groups});
}

at::Tensor from_kernel(const at::Tensor& weight, const Sides& sides) {
  const auto flat = weight.flatten(0, 1);  // [out, taps, in]
  if (sides.empty()) return flat.squeeze(1);
  return flat.transpose(1, 2).unflatten(2, sides);
}

at::Tensor swap_channels(const at::Tensor& weight, std::int64_t groups) {
  return weight.unflatten(0, {groups, weight.size(0) / groups})
      .transpose(1, 2)
      .flatten(0, 1);
}

void for_each_shift(const at::Tensor& products, const at::Tensor& sum,
                    const Sides& outer, const Sides& inner, const Add& add) {
  const auto joined = [](std::initializer_list<Sides> parts) {
    Sides whole;
    for (const auto& part : parts) {
      whole.insert(whole.end(), part.begin(), part.end());
    }
    return whole;
  };
  const Sides front = {sum.size(0), sum.size(1)};
  const Sides back = {sum.size(3)};
  const auto terms = products.view(joined({front, outer, inner, back}));
  const auto whole =
      sum.view(joined({front, composed_sides(outer, inner), back}));
  if (taps_of(outer) <= taps_of(inner)) {
    add_shifted(whole, terms, 2, outer, inner, add);
  } else {
    const auto behind = 2 + static_cast<std::int64_t>(outer.size());
    add_shifted(whole, terms, behind, inner, outer, add);
  }
}

at::Tensor shifted_windows(const at::Tensor& grad, const Sides& outer,
                           const Sides& inner) {
  auto windows = grad.unflatten(2, composed_sides(outer, inner));
  Sides order = {0, 1};  // of windows [g, out, *a, in, *b] below
  const auto dims = static_cast<std::int64_t>(outer.size());
  for (std::int64_t d = 0; d < dims; ++d) {
    windows = windows.unfold(2 + d, inner[static_cast<std::size_t>(d)], 1);
    order.push_back(2 + d);
  }
  for (std::int64_t d = 0; d < dims; ++d) order.push_back(3 + dims + d);
  order.push_back(2 + dims);
  return windows.permute(order);
}

at::Tensor split_inputs(const at::Tensor& kernel, std::int64_t groups) {
  const auto ratio = groups / kernel.size(0);
  if (ratio == 1) return kernel;
  return kernel.unflatten(3, {ratio, kernel.size(3) / ratio})
      .movedim(3, 1)
      .flatten(0, 1);
}

at::Tensor join_inputs(const at::Tensor& kernel, std::int64_t groups) {
  if (kernel.size(0) == groups) return kernel;
  return kernel.unflatten(0, {groups, kernel.size(0) / groups})
      .movedim(1, 3)
      .flatten(3, 4);
}

at::Tensor group_outputs(const at::Tensor& kernel, std::int64_t groups) {
  if (kernel.size(0) == groups) return kernel;
  const auto outputs = kernel.size(0) * kernel.size(1);
  return kernel.flatten(0, 1).unflatten(0, {groups, outputs / groups});
}

Kernel compose(const Kernel& outer, const Kernel& inner) {
  const auto aligned = align(outer, inner);
  const auto products = product(rows(aligned.outer), columns(aligned.inner));
  const auto coarse = std::min(outer.weight.size(0), inner.weight.size(0));
  Kernel result{{}, regrouped(compose_bias(outer, inner), coarse), {}};
  result.sides = composed_sides(outer.sides, inner.sides);
  const Sides shape = {aligned.outer.size(0), aligned.outer.size(1),
                       taps_of(result.sides), aligned.inner.size(3)};
  if (!both_spatial(outer, inner)) {
    result.weight = products.view(shape);
  } else {
    result.weight = at::zeros(shape, products.options());
    for_each_shift(products, result.weight, outer.sides, inner.sides,
                   [](const at::Tensor& into, const at::Tensor& from) {
                     into.add_(from);
                   });
  }
  result.weight = outer.weight.size(0) < inner.weight.size(0)
                      ? join_inputs(result.weight, coarse)
                      : group_outputs(result.weight, coarse);
  return result;
}

ComposeGradients compose_backward(const Kernel& outer, const Kernel& inner,
                                  const Kernel& grad, ComposeNeeds needs) {
  const auto aligned = align(outer, inner);
  const auto fine = aligned.outer.size(0);
  const auto aligned_grad = outer.weight.size(0) < inner.weight.size(0)
                                ? split_inputs(grad.weight, fine)
                                : group_outputs(grad.weight, fine);
  const auto spread =
      both_spatial(outer, inner)
          ? shifted_windows(aligned_grad, outer.sides, inner.sides)
          : aligned_grad;
  const auto matrix =  // [g, (out a), (b in)]
      spread.reshape({fine, aligned.outer.size(1) * aligned.outer.size(2),
                      aligned.inner.size(2) * aligned.inner.size(3)});
  ComposeGradients grads;
  if (needs.outer) {
    grads.outer.weight =
        join_inputs(product(matrix, columns(aligned.inner).transpose(1, 2))
                        .view(aligned.outer.sizes()),
                    outer.weight.size(0));
  }
  if (needs.inner) {
    grads.inner.weight =
        group_outputs(product(rows(aligned.outer).transpose(1, 2), matrix)
                          .view(aligned.inner.sizes()),
                      inner.weight.size(0));
  }
  if (!grad.bias.defined()) return grads;
  const auto bias = regrouped(grad.bias, outer.weight.size(0));
  if (outer.bias.defined() && needs.outer) grads.outer.bias = bias;
  if (!inner.bias.defined()) return grads;
  if (needs.outer) {
    add_outer(grads.outer.weight, bias,
              regrouped(inner.bias, outer.weight.size(0)));
  }
  if (needs.inner) {
    grads.inner.bias =
        regrouped(apply(sum_taps(outer.weight).transpose(1, 2), bias),
                  inner.weight.size(0));
  }
  return grads;
}

}  // namespace expandnet
