#include "passes/probe.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/ops/randn.h>

#include <algorithm>
#include <vector>

namespace expandnet {

at::Tensor probe(const CompactLayer& layer) {
  std::vector<std::int64_t> shape = {1, layer.in_channels};
  for (std::size_t d = 0; d < layer.kernel_size.size(); ++d) {
    const auto reach = layer.dilation[d] * (layer.kernel_size[d] - 1) + 1;
    const auto side = layer.transposed ? 3 : reach + 2 * layer.stride[d] + 1;
    const auto padding =
        std::max(layer.padding_before[d], layer.padding_after[d]);
    shape.push_back(layer.transposed
                        ? std::max(side, 2 * padding / layer.stride[d] + 2)
                        : std::max(side, padding + 1));
  }
  auto generator = at::make_generator<at::CPUGeneratorImpl>(0);
  return at::randn(shape, generator, at::TensorOptions(at::kDouble));
}

OneThread::OneThread() : before_(at::get_num_threads()) {
  if (before_ != 1) at::set_num_threads(1);
}

OneThread::~OneThread() {
  if (before_ != 1) at::set_num_threads(before_);
}

}  // namespace expandnet
