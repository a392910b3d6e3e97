// random_geometry.h: layers drawn from everything the library supports.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/fold/fold.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::testing {

/// A layer, its chain, the chain's numbers and a batch that fits.
struct Geometry {
  Plan plan;
  std::vector<Affine> factors;
  at::Tensor input;
};

/// Linear, Conv1d-3d and ConvTranspose1d-3d; plain, grouped and depthwise;
/// even, odd and non-square kernels; stride, dilation; padding in numbers,
/// "same" and "valid"; all padding modes; output padding; FC of depth 2 to 5,
/// CL and CK; rates from 0.25 to 4 and explicit widths; every subset of biases.
/// The same seed gives the same geometry.
Geometry random_geometry(std::uint64_t seed, at::ScalarType dtype);

/// The same layers as sums of one to four branches: of every kind that fits,
/// with and without scales and biases.
Geometry random_branches(std::uint64_t seed, at::ScalarType dtype);

/// The same layers, not transposed, as sums of one to four branches of given
/// factors, as files hold them: one to four each, with any groups, kernels and
/// biases, fixed ones and identities at any place.
Geometry random_given_branches(std::uint64_t seed, at::ScalarType dtype);

/// One line that says it all, for messages of failing tests.
std::string describe_geometry(const Geometry& geometry);

}  // namespace expandnet::testing
