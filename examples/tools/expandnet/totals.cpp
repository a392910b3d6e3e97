#include "tools/expandnet/totals.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <iostream>

namespace expandnet::examples {

std::int64_t numbers_in(const Weights& weights) {
  std::int64_t count = 0;
  for (const auto& item : weights.tensors) count += item.second.numel();
  return count;
}

void tell_averages(const NamedTensors& averages) {
  if (averages.empty()) return;
  std::cout << fmt::format(
      "moving averages of {} tensors take the places of folds; --key model "
      "leaves them out\n",
      averages.size());
}

}  // namespace expandnet::examples
