#include <ATen/core/Tensor.h>
#include <c10/util/StringUtil.h>
#include <expandnet/deploy/contract_weights.h>
#include <expandnet/deploy/foreign_blocks.h>
#include <expandnet/io/weights_file.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>

#include "base/text.h"
#include "tools/expandnet/commands.h"
#include "tools/expandnet/flags.h"
#include "tools/expandnet/totals.h"

namespace expandnet::examples {

namespace {

struct SummaryArguments {
  std::string file;
  Reading reading;
  ContractWeightsOptions options;
  std::string system;
};

int summary(const SummaryArguments& arguments) {
  const auto [weights, averages] = read_trained_weights(
      arguments.file, arguments.reading.key, arguments.reading.names());
  tell_notes(arguments.file, weights.notes);
  std::size_t width = 0;
  std::int64_t bytes = 0;
  for (const auto& item : weights.tensors) {
    width = std::max(width, printable(item.first).size());
  }
  for (const auto& [name, tensor] : weights.tensors) {
    const auto size = static_cast<std::int64_t>(tensor.nbytes());
    std::cout << fmt::format(
        "{:<{}}  {:<8}  {:>12} bytes  {}\n", printable(name), width,
        c10::toString(tensor.scalar_type()), size, c10::str(tensor.sizes()));
    bytes += size;
  }
  std::cout << fmt::format("{} tensors, {} numbers, {} bytes\n",
                           weights.tensors.size(), numbers_in(weights), bytes);
  for (const auto& [key, text] : weights.metadata) {
    std::cout << fmt::format("metadata {}: {}\n", printable(key),
                             printable(text));
  }
  const auto chains = find_chains(weights, arguments.options);
  list_chains(chains);
  const bool by_shape = arguments.options.by_shape;
  if (by_shape) list_left(weights, chains);
  std::cout << fmt::format("{} found{}\n", count_of_chains(chains),
                           by_shape ? " by shape" : "");
  if (arguments.system != kNoSystem) {
    list_blocks(find_foreign_blocks(weights, arguments.system));
  }
  tell_averages(averages);
  return 0;
}

}  // namespace

Subcommand add_summary(CLI::App& program) {
  const auto arguments = std::make_shared<SummaryArguments>();
  auto* app = program.add_subcommand(
      "summary",
      "Lists the tensors of a file, and the chains and the blocks of other "
      "systems found in it.");
  app->add_option("file", arguments->file, "file of weights")->required();
  add_reading(*app, arguments->reading);
  add_chains(*app, arguments->options);
  add_system(*app, arguments->system);

  return {app, [arguments] { return summary(*arguments); }};
}

}  // namespace expandnet::examples
