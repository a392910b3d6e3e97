#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <expandnet/fold/factorize.h>
#include <expandnet/fold/initial_values.h>

#include <cmath>

#include "base/error.h"
#include "fold/memory.h"
#include "fold/precision.h"

namespace expandnet {

namespace {

/// LibTorch counts the fan-in on the weight it stores: for transposed layers
/// that is [in, out / groups, *k].
double default_bound(std::int64_t in, std::int64_t out, std::int64_t taps,
                     const CompactLayer& layer) {
  const auto fan_in = (layer.transposed ? out : in) / layer.groups * taps;
  return 1 / std::sqrt(static_cast<double>(fan_in));
}

double default_bound(const CompactLayer& layer) {
  std::int64_t taps = 1;
  for (const auto side : layer.kernel_size) taps *= side;
  return default_bound(layer.in_channels, layer.out_channels, taps, layer);
}

double kaiming_std(const Plan& plan, const FactorShape& factor, bool grouped) {
  const auto fan_out =
      factor.taps() * factor.out_channels / (grouped ? plan.layer.groups : 1);
  return std::sqrt(2 / static_cast<double>(fan_out));
}

std::vector<Affine> draw(const Plan& plan, const ExpansionOptions& options,
                         const at::TensorOptions& tensor_options,
                         const std::optional<at::Generator>& generator) {
  std::vector<Affine> factors;
  for (std::size_t i = 0; i < plan.factors.size(); ++i) {
    const auto& shape = plan.factors[i];
    Affine factor{empty_weight(plan.weight_sizes(i), tensor_options), {}};
    if (shape.bias) {
      factor.bias = at::zeros({shape.out_channels}, tensor_options);
    }
    switch (options.initial_values()) {
      case InitialValues::kNormal:
        factor.weight.normal_(0, options.std(), generator);
        break;
      case InitialValues::kKaimingNormal:
      case InitialValues::kKaimingNormalUngrouped: {
        const bool grouped =
            options.initial_values() == InitialValues::kKaimingNormal;
        factor.weight.normal_(0, kaiming_std(plan, shape, grouped), generator);
        break;
      }
      default: {
        const auto bound = default_bound(shape.in_channels, shape.out_channels,
                                         shape.taps(), plan.layer);
        factor.weight.uniform_(-bound, bound, generator);
        if (shape.bias) factor.bias.uniform_(-bound, bound, generator);
      }
    }
    factors.push_back(std::move(factor));
  }
  return factors;
}

/// Scales the weights alike until their fold has the root mean square of the
/// compact layer's default, bound / sqrt(3).
void match(const Plan& plan, std::vector<Affine>& factors) {
  const auto spread =
      fold(plan, factors).weight.square().mean().sqrt().item<double>();
  if (spread == 0) return;
  const auto target = default_bound(plan.layer) / std::sqrt(3);
  const auto scale =
      std::pow(target / spread, 1 / static_cast<double>(factors.size()));
  for (auto& factor : factors) factor.weight.mul_(scale);
}

}  // namespace

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
  const auto master = tensor_options.dtype(master_dtype(dtype));
  if (options.initial_values() == InitialValues::kPreserving) {
    return factorize(plan, compact_default(plan.layer, master, generator), {},
                     generator)
        .factors;
  }
  auto factors = draw(plan, options, master, generator);
  if (options.initial_values() == InitialValues::kMatched) match(plan, factors);
  return factors;
}

}  // namespace expandnet
