// compare.h: how two sets of weights differ.
#pragma once

#include <expandnet/io/weights.h>

#include <cstddef>
#include <string>
#include <vector>

namespace expandnet::examples {

struct Comparison {
  std::size_t tensors = 0;  ///< that both have
  /// max |a - b| / max |a| of one tensor; those of whole numbers are left out.
  double largest_error = 0;
  /// A line for each tensor that is in one only, of other shape or dtype, or
  /// too far from its counterpart.
  std::vector<std::string> differences;
};

/// NaN equals NaN in the same place. Whole numbers and bools must be the same,
/// whatever the tolerance.
Comparison compare(const Weights& first, const Weights& second,
                   double tolerance);

}  // namespace expandnet::examples
