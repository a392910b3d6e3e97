// verify_options.h: how exact a contraction must be.
#pragma once

namespace expandnet {

struct VerifyOptions {
  /// Largest relative error allowed between the chain and the compact layer,
  /// both in fp64. The default is about 4,500 times the fp64 epsilon: room for
  /// the rounding of the longest sums in practice.
  double tolerance = 1e-12;
};

}  // namespace expandnet
