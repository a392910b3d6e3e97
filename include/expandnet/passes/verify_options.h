// verify_options.h: how exact a contraction must be.
#pragma once

namespace expandnet {

struct VerifyOptions {
  /// Largest relative error allowed between the chain and the compact layer,
  /// both in fp64. The default leaves a factor of some thousand to the rounding
  /// of the longest sums of practical layers.
  double tolerance = 1e-12;
};

}  // namespace expandnet
