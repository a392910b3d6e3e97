// effective_rank.h: the effective rank of a weight.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>

namespace expandnet::analysis {

/// The effective rank of a weight as a matrix of its first dimension by all
/// others: the exponential of the entropy of its singular values, normalized to
/// sum 1 (Roy and Vetterli, 2007). It goes from 1 for a matrix of rank one to
/// min(rows, columns) if all singular values are equal; it is 0 for zeros.
///
/// Throws `c10::Error` for a weight of fewer than two dimensions, without
/// elements, or with an element that is not finite.
[[nodiscard]] EXPANDNET_API double effective_rank(const at::Tensor& weight);

}  // namespace expandnet::analysis
