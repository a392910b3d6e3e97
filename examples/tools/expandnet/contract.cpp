#include <c10/util/Exception.h>
#include <expandnet/deploy/contract_weights.h>
#include <expandnet/deploy/foreign_blocks.h>
#include <expandnet/io/weights_file.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "command_line/checks.h"
#include "command_line/output_file.h"
#include "tools/expandnet/commands.h"
#include "tools/expandnet/flags.h"
#include "tools/expandnet/totals.h"

namespace expandnet::examples {

namespace {

struct ContractArguments {
  std::string in, out;
  Reading reading;
  ContractWeightsOptions options;
  ForeignBlocksOptions blocks;
  bool torchvision_names = false;
};

/// What is wrong with the name of a file of weights; "" for nothing.
std::string complaint_about_ending(const std::string& path) {
  if (has_weights_ending(path)) return "";
  return "must end in .safetensors, .pt or .pth, got \"" + path + "\"";
}

/// Dtypes by their names in Python.
std::map<std::string, at::ScalarType> dtypes() {
  return {{"float16", at::kHalf},
          {"bfloat16", at::kBFloat16},
          {"float32", at::kFloat},
          {"float64", at::kDouble}};
}

/// Folds this library's chains, and those that were named or searched.
Weights without_chains(const ContractArguments& arguments,
                       const Weights& trained, const NamedTensors& averages) {
  auto options = arguments.options;
  options.averages = averages;
  auto contracted = contract_weights(trained, options);
  if (options.by_shape) {
    std::cout << "taken for chains by their shapes; with activations between "
                 "them they are none:\n";
    list_chains(contracted.chains);
    list_left(trained, contracted.chains);
  }
  std::cout << contracted.report;
  tell_notes(arguments.in, notes_on_padding(contracted.chains));
  tell_averages(averages);
  return std::move(contracted.weights);
}

/// Whether the file has blocks of another system to fold. Where it has chains,
/// too, keys that other modules have are none.
bool has_blocks(const ContractArguments& arguments, const Weights& weights,
                bool has_chains) {
  const auto& system = arguments.blocks.system;
  if (arguments.blocks.fuse_batch_norms) return true;
  if (system == kNoSystem) return false;
  if (!system.empty()) return true;
  const auto blocks = find_foreign_blocks(weights);
  return std::any_of(blocks.begin(), blocks.end(), [&](const auto& block) {
    return !has_chains || !block.generic;
  });
}

/// Folds the blocks of other systems.
Weights without_blocks(const ContractArguments& arguments,
                       const Weights& weights) {
  auto options = arguments.blocks;
  options.dtype = arguments.options.dtype;
  options.tolerance = arguments.options.tolerance;
  auto contracted = contract_foreign_blocks(weights, options);
  std::cout << contracted.report;
  return std::move(contracted.weights);
}

int contract(const ContractArguments& arguments) {
  check_writable(arguments.out);
  const auto [trained, averages] = read_trained_weights(
      arguments.in, arguments.reading.key, arguments.reading.names());
  tell_notes(arguments.in, trained.notes);
  const auto& options = arguments.options;
  const bool has_chains = options.by_shape || !options.chains.empty() ||
                          !find_chains(trained, options).empty();
  const bool blocks = has_blocks(arguments, trained, has_chains);
  TORCH_CHECK(
      blocks || !arguments.blocks.epsilon,
      error_message("--bn-eps", "there must be blocks or pairs with BatchNorms",
                    "none in \"" + arguments.in + "\"",
                    "leave it out, or add --fuse-bn"));
  // Chains may be layers of blocks, which are folded after them.
  auto weights = has_chains || !blocks
                     ? without_chains(arguments, trained, averages)
                     : trained;
  if (blocks) weights = without_blocks(arguments, weights);
  if (arguments.torchvision_names) {
    weights = with_torchvision_names(std::move(weights));
  }
  write_weights(weights, arguments.out);
  std::cout << fmt::format("saved {}: {} tensors, {} numbers\n", arguments.out,
                           weights.tensors.size(), numbers_in(weights));
  return 0;
}

}  // namespace

Subcommand add_contract(CLI::App& program) {
  const auto arguments = std::make_shared<ContractArguments>();
  auto* app = program.add_subcommand(
      "contract",
      "Folds every chain and every re-parameterized block of a file into its "
      "layer, verifies it, and writes the compact weights.");
  app->add_option("in", arguments->in, "file of weights")->required();
  app->add_option("out", arguments->out,
                  "file to write: .safetensors, or .pt or .pth for torch.load")
      ->required()
      ->check(complaint_about_ending);
  add_reading(*app, arguments->reading);
  add_chains(*app, arguments->options);
  add_system(*app, arguments->blocks.system);
  app->add_option_function<double>(
         "--bn-eps",
         [arguments](double epsilon) { arguments->blocks.epsilon = epsilon; },
         "eps of the BatchNorms in blocks and pairs, which is stored in no "
         "file; by default that of the system")
      ->check(CLI::PositiveNumber);
  app->add_flag("--fuse-bn", arguments->blocks.fuse_batch_norms,
                "make each BatchNorm part of the layer before it, by their "
                "names (conv1, bn1); needs --bn-eps");
  app->add_option_function<std::string>(
         "--dtype",
         [arguments](const std::string& name) {
           arguments->options.dtype = dtypes().at(name);
         },
         "dtype of the contracted layers; by default that of their factors")
      ->check(CLI::IsMember({"float16", "bfloat16", "float32", "float64"}));
  app->add_flag("--torchvision-names", arguments->torchvision_names,
                "write the paper's MobileNetV2 under torchvision's names");
  app->add_option("--tolerance", arguments->options.tolerance,
                  "largest relative error of a layer against its chain, in "
                  "fp64")
      ->check(not_negative());

  return {app, [arguments] { return contract(*arguments); }};
}

}  // namespace expandnet::examples
