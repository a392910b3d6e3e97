// chain_layout.h: what the shapes of a chain's factors do not tell.
//
// Stands beside the factors, as buffers of integers, wherever a plan is not
// plain (Plan::is_plain). So files are read by it; nothing is guessed.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>
#include <expandnet/fold/plan.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace expandnet {

struct ChainLayout {
  at::Tensor branches;  ///< [branches]: the factors of each
  /// [factors, 3]: groups, whether it is fixed, whether it adds an identity.
  at::Tensor factors;
  at::Tensor layer;  ///< [1 + dimensions]: groups, then the kernel's sides
};

/// A member of the layout by its name, which is its key beside the factors.
struct LayoutPart {
  const char* name;
  at::Tensor ChainLayout::*tensor;
};
inline constexpr LayoutPart kLayoutParts[] = {
    {"branches", &ChainLayout::branches},
    {"factors", &ChainLayout::factors},
    {"layer", &ChainLayout::layer}};

/// The layout of a plan, in 64-bit integers on the CPU.
EXPANDNET_API ChainLayout layout_of(const Plan& plan);

/// The shape of a factor in a file.
struct LaidOutFactor {
  std::vector<std::int64_t> weight;
  bool bias = false;
};

/// The plan of factors with these shapes, with stride 1 and no padding; nothing
/// if layout and shapes do not go together.
EXPANDNET_API std::optional<Plan> plan_of_layout(
    const ChainLayout& layout, const std::vector<LaidOutFactor>& factors,
    bool transposed);

}  // namespace expandnet
