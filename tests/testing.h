// testing.h: what the tests of every folder share.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>
#include <expandnet/fold/fold.h>

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace expandnet::testing {

/// A dtype and how far results in it may be from exact ones.
struct Precision {
  at::ScalarType dtype;
  double tolerance;
};
std::ostream& operator<<(std::ostream& stream, const Precision& precision);
/// For the names of parameterized tests: "Double", "Float".
std::string name_of(const Precision& precision);

/// Sums of a few hundred products, some three deep: hundreds of epsilons.
inline const Precision kDouble{at::kDouble, 1e-12};
inline const Precision kFloat{at::kFloat, 1e-5};

/// max |actual - expected| / max |expected|, in fp64; infinite if shapes
/// differ, not a number if one holds one.
double relative_error(const at::Tensor& actual, const at::Tensor& expected);

/// The message of the `c10::Error` that `action` throws, "" if it throws none.
std::string error_of(const std::function<void()>& action);

/// Random factors for the plan: normal, scaled to preserve variance, in the
/// library's memory order. Draws from LibTorch's global generator.
std::vector<Affine> random_factors(const Plan& plan, at::ScalarType dtype);

/// A k x k convolution m -> n with stride 1 and the padding that keeps the
/// size.
CompactLayer conv2d_layer(std::int64_t in, std::int64_t out,
                          std::int64_t kernel, std::int64_t groups = 1,
                          bool bias = true);

/// All weights and biases in one list, undefined biases left out.
std::vector<at::Tensor> tensors_of(const std::vector<Affine>& factors);

/// The factors, as leaves that record gradients.
std::vector<Affine> with_gradients(std::vector<Affine> factors);

}  // namespace expandnet::testing
