#include "fold/compose.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addr.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/zeros.h>

#include <initializer_list>

#include "fold/sides.h"

namespace expandnet {

namespace {

/// Batched product. mm is faster than bmm of one.
at::Tensor product(const at::Tensor& a, const at::Tensor& b) {
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

at::Tensor compose_bias(const Kernel& outer, const Kernel& inner) {
  if (!inner.bias.defined()) return outer.bias;
  const auto carried = apply(sum_taps(outer.weight), inner.bias);
  return outer.bias.defined() ? carried + outer.bias : carried;
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

Kernel compose(const Kernel& outer, const Kernel& inner) {
  const auto products = product(rows(outer.weight), columns(inner.weight));
  const auto groups = outer.weight.size(0);
  const auto out = outer.weight.size(1);
  const auto in = inner.weight.size(3);
  Kernel result{{}, compose_bias(outer, inner), {}};
  result.sides = composed_sides(outer.sides, inner.sides);
  const Sides shape = {groups, out, taps_of(result.sides), in};
  if (!both_spatial(outer, inner)) {
    result.weight = products.view(shape);
    return result;
  }
  result.weight = at::zeros(shape, products.options());
  for_each_shift(
      products, result.weight, outer.sides, inner.sides,
      [](const at::Tensor& into, const at::Tensor& from) { into.add_(from); });
  return result;
}

ComposeGradients compose_backward(const Kernel& outer, const Kernel& inner,
                                  const Kernel& grad) {
  const auto spread =
      both_spatial(outer, inner)
          ? shifted_windows(grad.weight, outer.sides, inner.sides)
          : grad.weight;
  const auto matrix =  // [g, (out a), (b in)]
      spread.reshape({outer.weight.size(0),
                      outer.weight.size(1) * outer.weight.size(2),
                      inner.weight.size(2) * inner.weight.size(3)});
  ComposeGradients grads;
  grads.outer.weight = product(matrix, columns(inner.weight).transpose(1, 2))
                           .view(outer.weight.sizes());
  grads.inner.weight = product(rows(outer.weight).transpose(1, 2), matrix)
                           .view(inner.weight.sizes());
  if (!grad.bias.defined()) return grads;
  if (outer.bias.defined()) grads.outer.bias = grad.bias;
  if (inner.bias.defined()) {
    add_outer(grads.outer.weight, grad.bias, inner.bias);
    grads.inner.bias = apply(sum_taps(outer.weight).transpose(1, 2), grad.bias);
  }
  return grads;
}

}  // namespace expandnet
