// probe.h: an input that shows whether two layers compute the same.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/fold/layer.h>

namespace expandnet {

/// A sample whose output holds both borders, something between them, and a
/// last stride that does not fit. Random, the same each time: [1, in, *sides]
/// in fp64.
at::Tensor probe(const CompactLayer& layer);

/// One thread while it lives. A grouped convolution in fp64 is thousands of
/// tiny products; starting threads for each takes longer than all of them, on
/// busy cores a hundred times.
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
