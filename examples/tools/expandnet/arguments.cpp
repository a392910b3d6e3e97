#include "arguments.h"

#include <expandnet/io/weights_file.h>

#include <CLI/CLI.hpp>

#include "command_line/checks.h"
#include "command_line/command_line.h"

namespace expandnet::examples {

namespace {

void add_key(CLI::App& app, std::string& key) {
  app.add_option("--key", key,
                 "entry of a Python checkpoint that holds the weights; by "
                 "default state_dict, model and the like. Of a trainer's "
                 "checkpoint, model leaves out the moving average (--ema)");
}

void add_chains(CLI::App& app, ContractWeightsOptions& options) {
  app.add_option("--chain", options.chains,
                 "a chain that shapes do not show, by its Sequential (fc1) or "
                 "the entries of one (classifier.1-3); * is any part of a "
                 "path. Where chains are named, shapes are not looked at");
  app.add_option("--transposed", options.transposed,
                 "layers of chains that are transposed convolutions");
}

/// What is wrong with the name of a file of weights; "" for nothing.
std::string complaint_about_ending(const std::string& path) {
  if (has_weights_ending(path)) return "";
  return "must end in .safetensors, .pt or .pth, got \"" + path + "\"";
}

}  // namespace

Arguments parse(int argc, const char* const* argv) {
  CLI::App app(
      "Contracts, sums up and compares files of weights: safetensors, "
      "torch.save (.pt, .pth) and checkpoints of the trainers.",
      "expandnet");
  app.set_version_flag("--version", "expandnet " EXPANDNET_VERSION);
  app.require_subcommand(1);
  app.option_defaults()->always_capture_default();

  ContractArguments contract;
  auto* contract_app = app.add_subcommand(
      "contract",
      "Folds every chain of a file into its layer, verifies it, and writes the "
      "compact weights.");
  contract_app->add_option("in", contract.in, "file of weights")->required();
  contract_app
      ->add_option("out", contract.out,
                   "file to write: .safetensors, or .pt or .pth for torch.load")
      ->required()
      ->check(complaint_about_ending);
  add_key(*contract_app, contract.key);
  add_chains(*contract_app, contract.options);
  contract_app->add_flag(
      "--torchvision-names", contract.torchvision_names,
      "write the paper's MobileNetV2 under torchvision's names");
  contract_app
      ->add_option("--tolerance", contract.options.tolerance,
                   "largest relative error of a layer against its chain, in "
                   "fp64")
      ->check(not_negative());

  SummaryArguments summary;
  auto* summary_app = app.add_subcommand(
      "summary", "Lists the tensors of a file, and the chains found in it.");
  summary_app->add_option("file", summary.file, "file of weights")->required();
  add_key(*summary_app, summary.key);
  add_chains(*summary_app, summary.options);

  VerifyArguments verify;
  auto* verify_app = app.add_subcommand(
      "verify",
      "Compares two files of weights tensor by tensor; ends with status 1 if "
      "they differ.");
  verify_app->add_option("first", verify.first)->required();
  verify_app->add_option("second", verify.second)->required();
  add_key(*verify_app, verify.key);
  verify_app
      ->add_option("--tolerance", verify.tolerance,
                   "largest relative difference of a tensor; 0: none")
      ->check(not_negative());

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return status_after(app, error);
  }
  if (contract_app->parsed()) return contract;
  if (summary_app->parsed()) return summary;
  return verify;
}

}  // namespace expandnet::examples
