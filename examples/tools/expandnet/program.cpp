#include "program.h"

#include <ATen/core/Tensor.h>
#include <c10/util/StringUtil.h>
#include <expandnet/io/weights_file.h>
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "arguments.h"
#include "command_line/output_file.h"
#include "command_line/status.h"
#include "compare.h"

namespace expandnet::examples {

namespace {

std::int64_t numbers_in(const Weights& weights) {
  std::int64_t count = 0;
  for (const auto& item : weights.tensors) count += item.second.numel();
  return count;
}

/// Says whose places averages take.
void tell_averages(const NamedTensors& averages) {
  if (averages.empty()) return;
  std::cout << fmt::format(
      "moving averages of {} tensors take the places of folds; --key model "
      "leaves them out\n",
      averages.size());
}

int contract(const ContractArguments& arguments) {
  check_writable(arguments.out);
  const auto [trained, averages] =
      read_trained_weights(arguments.in, arguments.key);
  auto options = arguments.options;
  options.averages = averages;
  auto contracted = contract_weights(trained, options);
  std::cout << contracted.report;
  tell_averages(averages);
  auto& weights = contracted.weights;
  if (arguments.torchvision_names) {
    weights = with_torchvision_names(std::move(weights));
  }
  write_weights(weights, arguments.out);
  std::cout << fmt::format("saved {}: {} tensors, {} numbers\n", arguments.out,
                           weights.tensors.size(), numbers_in(weights));
  return 0;
}

int summary(const SummaryArguments& arguments) {
  const auto [weights, averages] =
      read_trained_weights(arguments.file, arguments.key);
  std::size_t width = 0;
  std::int64_t bytes = 0;
  for (const auto& item : weights.tensors) {
    width = std::max(width, item.first.size());
  }
  for (const auto& [name, tensor] : weights.tensors) {
    const auto size = static_cast<std::int64_t>(tensor.nbytes());
    std::cout << fmt::format("{:<{}}  {:<8}  {:>12} bytes  {}\n", name, width,
                             c10::toString(tensor.scalar_type()), size,
                             c10::str(tensor.sizes()));
    bytes += size;
  }
  std::cout << fmt::format("{} tensors, {} numbers, {} bytes\n",
                           weights.tensors.size(), numbers_in(weights), bytes);
  for (const auto& [key, text] : weights.metadata) {
    std::cout << fmt::format("metadata {}: {}\n", key, text);
  }
  const auto chains = find_chains(weights, arguments.options);
  for (const auto& chain : chains) {
    std::cout << fmt::format("chain {}: {}\n",
                             chain.layer.empty() ? "(model)" : chain.layer,
                             c10::Join(", ", chain.factors));
  }
  std::cout << fmt::format("{} chains found\n", chains.size());
  tell_averages(averages);
  return 0;
}

int verify(const VerifyArguments& arguments) {
  const auto result = compare(read_weights(arguments.first, arguments.key),
                              read_weights(arguments.second, arguments.key),
                              arguments.tolerance);
  for (const auto& line : result.differences) std::cout << line << "\n";
  std::cout << fmt::format(
      "{} tensors compared, largest relative difference {:.1e}: {}\n",
      result.tensors, result.largest_error,
      result.differences.empty()
          ? "equal"
          : fmt::format("{} differ", result.differences.size()));
  return result.differences.empty() ? 0 : 1;
}

/// Runs the command that was asked for.
struct Run {
  int operator()(const ContractArguments& arguments) const {
    return contract(arguments);
  }
  int operator()(const SummaryArguments& arguments) const {
    return summary(arguments);
  }
  int operator()(const VerifyArguments& arguments) const {
    return verify(arguments);
  }
  int operator()(int status) const { return status; }
};

}  // namespace

int run_expandnet(int argc, const char* const* argv) {
  return status_of([&] { return std::visit(Run(), parse(argc, argv)); });
}

}  // namespace expandnet::examples
