#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <expandnet/fold/factorize.h>
#include <expandnet/fold/initial_values.h>

#include <cmath>

#include "base/error.h"
#include "fold/drawn_values.h"
#include "fold/memory.h"
#include "fold/precision.h"

namespace expandnet {

namespace {

/// LibTorch counts the fan-in on the weight it stores: for transposed layers
/// that is [in, out / groups, *k].
double default_bound(std::int64_t in, std::int64_t out, std::int64_t taps,
                     std::int64_t groups, bool transposed) {
  const auto fan_in = (transposed ? out : in) / groups * taps;
  return 1 / std::sqrt(static_cast<double>(fan_in));
}

double default_bound(const CompactLayer& layer) {
  std::int64_t taps = 1;
  for (const auto side : layer.kernel_size) taps *= side;
  return default_bound(layer.in_channels, layer.out_channels, taps,
                       layer.groups, layer.transposed);
}

double fan_in(const FactorShape& factor) {
  const auto inputs = factor.in_channels / factor.groups;
  return static_cast<double>(factor.taps() * inputs);
}

double kaiming_std(const FactorShape& factor, bool grouped) {
  const auto fan_out =
      factor.taps() * factor.out_channels / (grouped ? factor.groups : 1);
  return std::sqrt(2 / static_cast<double>(fan_out));
}

void draw(const CompactLayer& layer, const FactorShape& shape,
          const ExpansionOptions& options, InitialValues values, Affine& factor,
          const std::optional<at::Generator>& generator) {
  switch (values) {
    case InitialValues::kNormal:
      factor.weight.normal_(0, options.std(), generator);
      break;
    case InitialValues::kKaimingNormal:
    case InitialValues::kKaimingNormalUngrouped: {
      const bool grouped = values == InitialValues::kKaimingNormal;
      factor.weight.normal_(0, kaiming_std(shape, grouped), generator);
      break;
    }
    case InitialValues::kKaimingUniform: {
      const auto bound = std::sqrt(6 / fan_in(shape));
      factor.weight.uniform_(-bound, bound, generator);
      break;
    }
    default: {
      const auto bound =
          default_bound(shape.in_channels, shape.out_channels, shape.taps(),
                        shape.groups, layer.transposed);
      factor.weight.uniform_(-bound, bound, generator);
      if (shape.bias) factor.bias.uniform_(-bound, bound, generator);
    }
  }
}

/// For output channel i of n, in parts of as many channels as the kernel has
/// dimensions: cos(pi (t + 1/2) (j + 1) / side) along the part's dimension, for
/// the j-th channel from the part's start on (OREPA's prior).
void set_cosines(const FactorShape& shape, at::Tensor& weight) {
  const auto& sides = shape.kernel_size;
  const auto parts = static_cast<std::int64_t>(sides.size());
  const auto values = at::ones(weight.sizes(), at::kDouble);
  for (std::int64_t i = 0; i < shape.out_channels && parts > 0; ++i) {
    const auto part = i * parts / shape.out_channels;
    const auto start = static_cast<double>(part * shape.out_channels) /
                       static_cast<double>(parts);
    const auto side = sides[static_cast<std::size_t>(part)];
    const auto steps = at::arange(side, at::kDouble) + 0.5;
    const auto frequency =
        (static_cast<double>(i) + 1 - start) / static_cast<double>(side);
    std::vector<std::int64_t> along(sides.size(), 1);
    along[static_cast<std::size_t>(part)] = side;
    values.select(0, i).mul_((steps * (M_PI * frequency)).cos().view(along));
  }
  weight.copy_(values);
}

void set_start(const CompactLayer& layer, const FactorShape& shape,
               const ExpansionOptions& options, InitialValues values,
               Affine& factor, const std::optional<at::Generator>& generator) {
  switch (shape.start) {
    case FactorStart::kDrawn:
      draw(layer, shape, options, values, factor, generator);
      break;
    case FactorStart::kConstant:
      factor.weight.fill_(shape.constant);
      break;
    case FactorStart::kCosine:
      set_cosines(shape, factor.weight);
      break;
  }
}

/// Scales the weights that are drawn alike until the fold of the branch,
/// without its scale, has the root mean square `target`.
void match(const Plan& plan, const BranchShape& branch, double target,
           std::vector<Affine>& factors) {
  const auto part = plan_of_branch(
      plan, static_cast<std::size_t>(&branch - plan.branches.data()));
  const auto first =
      factors.begin() + static_cast<std::ptrdiff_t>(branch.first);
  std::vector<Affine> own(first,
                          first + static_cast<std::ptrdiff_t>(branch.count));
  if (branch.has_scale) own.back().weight = at::ones_like(own.back().weight);
  std::int64_t drawn = 0;
  for (const auto& shape : part.factors) {
    drawn += shape.start == FactorStart::kDrawn ? 1 : 0;
  }
  // Of a kernel with finer groups than the layer's, only those numbers.
  const auto spread = std::sqrt(fold(part, own)
                                    .kernels[part.branches[0].root]
                                    .square()
                                    .mean()
                                    .item<double>());
  if (drawn == 0 || spread == 0) return;
  const auto scale = std::pow(target / spread, 1 / static_cast<double>(drawn));
  for (std::size_t f = 0; f < own.size(); ++f) {
    if (part.factors[f].start == FactorStart::kDrawn) {
      own[f].weight.mul_(scale);
    }
  }
}

}  // namespace

std::vector<Affine> drawn_values(
    const Plan& plan, const ExpansionOptions& options,
    const at::TensorOptions& tensor_options,
    const std::optional<at::Generator>& generator) {
  std::vector<Affine> factors;
  for (const auto& branch : plan.branches) {
    const auto values =
        branch.initial_values.value_or(options.initial_values());
    for (auto i = branch.first; i < branch.first + branch.count; ++i) {
      const auto& shape = plan.factors[i];
      Affine factor{empty_weight(shape.weight_sizes(), tensor_options), {}};
      if (shape.bias) {
        factor.bias = at::zeros({shape.out_channels}, tensor_options);
      }
      set_start(plan.layer, shape, options, values, factor, generator);
      factors.push_back(std::move(factor));
    }
    if (values == InitialValues::kMatched) {
      const auto default_spread = default_bound(plan.layer) / std::sqrt(3);
      match(plan, branch, options.spread().value_or(default_spread), factors);
    }
  }
  return factors;
}

Affine compact_default(const CompactLayer& layer,
                       const at::TensorOptions& tensor_options,
                       const std::optional<at::Generator>& generator) {
  const auto bound = default_bound(layer);
  Affine affine{at::empty(layer.weight_sizes(), tensor_options), {}};
  affine.weight.uniform_(-bound, bound, generator);
  if (layer.bias) {
    affine.bias = at::empty({layer.out_channels}, tensor_options);
    affine.bias.uniform_(-bound, bound, generator);
  }
  return affine;
}

std::vector<Affine> initial_values(
    const Plan& plan, const ExpansionOptions& options,
    const at::TensorOptions& tensor_options,
    const std::optional<at::Generator>& generator) {
  const auto dtype = at::typeMetaToScalarType(tensor_options.dtype());
  TORCH_CHECK(
      at::isFloatingType(dtype),
      error_message("initial_values", "factors must be floating point",
                    c10::str(c10::toString(dtype)), "use float or double"));
  const auto spread = options.spread().value_or(1);
  TORCH_CHECK(
      std::isfinite(spread) && spread > 0,
      error_message("initial_values", "the spread must be positive and finite",
                    c10::str(spread)));
  const auto master = tensor_options.dtype(master_dtype(dtype));
  if (options.initial_values() == InitialValues::kPreserving) {
    return factorize(plan, compact_default(plan.layer, master, generator), {},
                     generator)
        .factors;
  }
  return drawn_values(plan, options, master, generator);
}

}  // namespace expandnet
