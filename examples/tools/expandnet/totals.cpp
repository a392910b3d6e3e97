#include "tools/expandnet/totals.h"

#include <ATen/core/Tensor.h>
#include <c10/util/StringUtil.h>
#include <fmt/format.h>

#include <iostream>

#include "base/text.h"

namespace expandnet::examples {

std::int64_t numbers_in(const Weights& weights) {
  std::int64_t count = 0;
  for (const auto& item : weights.tensors) count += item.second.numel();
  return count;
}

void list_chains(const std::vector<ChainInWeights>& chains) {
  for (const auto& chain : chains) {
    const auto layer = chain.layer.empty() ? "(model)" : chain.layer;
    std::cout << fmt::format("chain {}: {}\n", printable(layer),
                             printable(c10::Join(", ", chain.factors)));
  }
}

void tell_averages(const NamedTensors& averages) {
  if (averages.empty()) return;
  std::cout << fmt::format(
      "moving averages of {} tensors take the places of folds; --key model "
      "leaves them out\n",
      averages.size());
}

void tell_notes(const std::string& path,
                const std::vector<std::string>& notes) {
  for (const auto& note : notes) {
    std::cout << fmt::format("note: {}: {}\n", path, note);
  }
}

}  // namespace expandnet::examples
