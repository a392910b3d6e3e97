// initial_values.h: the initial values of the factors of a new chain.
#pragma once

#include <ATen/core/Generator.h>
#include <c10/core/TensorOptions.h>
#include <expandnet/base/export.h>
#include <expandnet/fold/fold.h>

#include <optional>
#include <vector>

namespace expandnet {

/// Returns LibTorch's default values of the compact layer itself: uniform in
/// +-1 / sqrt(fan_in), weight and bias.
[[nodiscard]] EXPANDNET_API Affine compact_default(
    const CompactLayer& layer, const at::TensorOptions& tensor_options = {},
    const std::optional<at::Generator>& generator = std::nullopt);

/// Returns the factors of a new chain, with initial values according to
/// `options.initial_values()`. Half-precision `tensor_options` give float
/// factors. `kPreserving` draws the compact layer's default values and
/// factorizes them. `kMatched` scales each branch by itself, without its scale
/// factor, to `options.spread()`. The plan sets the initial values of fixed
/// factors, of scales and of factors that add an identity.
///
/// The memory order is [out, *kernel, in] (channels_last), which makes fold and
/// pull_back plain matrix products.
///
/// Throws `c10::Error` for dtypes that are not floating point, and for a spread
/// that is not positive and finite.
[[nodiscard]] EXPANDNET_API std::vector<Affine> initial_values(
    const Plan& plan, const ExpansionOptions& options,
    const at::TensorOptions& tensor_options = {},
    const std::optional<at::Generator>& generator = std::nullopt);

}  // namespace expandnet
