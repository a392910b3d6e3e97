// probe.h: an input that shows whether two layers compute the same.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/fold/layer.h>

namespace expandnet {

/// Returns a sample whose output covers both borders, the interior, and a
/// remainder that the last stride leaves over. Random, but the same in every
/// call: [1, in, *sides] in fp64.
at::Tensor probe(const CompactLayer& layer);

/// Limits LibTorch to one thread while it exists. A grouped convolution in fp64
/// is thousands of tiny products. Starting threads for each takes longer than
/// all the products, on busy cores a hundred times longer.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace expandnet
