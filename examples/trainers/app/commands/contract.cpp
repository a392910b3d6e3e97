#include <c10/util/Exception.h>
#include <expandnet/passes/contract.h>
#include <expandnet/train/checkpoints.h>
#include <expandnet/train/exponential_moving_average.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>

#include "base/error.h"
#include "base/text.h"
#include "command_line/command_line.h"
#include "command_line/output_file.h"
#include "trainers/app/commands/commands.h"
#include "trainers/app/runs/machine.h"
#include "trainers/app/runs/run_files.h"
#include "trainers/app/runs/weights.h"
#include "trainers/app/settings/arguments.h"

namespace expandnet::examples {

namespace {

struct ContractChoices {
  std::string run;
  std::string checkpoint = "best";
  std::string format = weight_formats().front();
  std::string out;  ///< "": the format's own name in `run`
};

void add_contract_flags(CLI::App& app, ContractChoices& choices) {
  app.option_defaults()->always_capture_default();
  app.add_option("run", choices.run, "folder of the run")->required();
  app.add_option("--checkpoint", choices.checkpoint)
      ->check(CLI::IsMember({"best", "last"}));
  app.add_option("--format", choices.format,
                 "libtorch: for torch::load and evaluate; pt: for Python's "
                 "torch.load; torchscript: the net with its code")
      ->check(CLI::IsMember(weight_formats()));
  app.add_option("--out", choices.out,
                 "file to write; by default weights.pt, .safetensors or .pth, "
                 "or net.torchscript.pt of the run, of the last checkpoint "
                 "last-weights.pt and so on");
}

/// What evaluate and the like read as the weights of the run is of the best
/// checkpoint.
std::string default_file(const ContractChoices& choices) {
  const auto file = weights_file(choices.format);
  return choices.checkpoint == "best" ? file : choices.checkpoint + "-" + file;
}

/// Throws `c10::Error` for a file that the run itself needs.
void check_replaces_nothing_of_run(const ContractChoices& choices) {
  namespace fs = std::filesystem;
  std::error_code error;
  for (const auto* file :
       {"best.pt", "last.pt", kStartFile, kScriptFile, kConfigurationFile}) {
    TORCH_CHECK(
        !fs::equivalent(choices.out, fs::path(choices.run) / file, error),
        error_message("--out", "must not replace a file of the run",
                      in_quotes(choices.out), "name another file"));
  }
}

/// Folds the chains of what trains, verified.
void contract_model(const TrainableModel& trainable) {
  if (trainable.expansion) {
    std::cout << trainable.expansion->contract();
  } else if (trainable.has_chains) {
    std::cout << contract(*trainable.model.module);
  } else {
    std::cout << "the net is compact: there is nothing to contract\n";
  }
}

int contract_checkpoint(const Trainer& prototype,
                        const ContractChoices& choices) {
  const auto trainer = trainer_of_run(prototype, choices.run);
  auto& settings = trainer->settings;
  settings.device = DeviceChoice::kCPU;
  settings.precision = train::Precision::kFloat32;
  const std::filesystem::path folder = choices.run;
  check_replaces_nothing_of_run(choices);
  const auto out = choices.out.empty()
                       ? (folder / default_file(choices)).string()
                       : choices.out;
  check_writable(out);
  const auto machine = set_up(settings, 1);
  const auto path = (folder / (choices.checkpoint + ".pt")).string();
  const auto trainable = trainer->make_trainable(
      settings.expand.front(), trainer->classes_of_run(choices.run), machine);
  const auto average = settings.ema > 0
                           ? std::make_unique<train::ExponentialMovingAverage>(
                                 *trainable.model.module, settings.ema)
                           : nullptr;
  train::load_weights(path, *trainable.model.module, trainable.expansion.get(),
                      average.get());
  // In weight space the average is of what the chains fold to, elsewhere of the
  // factors.
  const bool of_folds = trainable.expansion != nullptr;
  if (average != nullptr && !of_folds) average->swap();
  contract_model(trainable);
  if (average != nullptr && of_folds) average->swap();
  save_weights(trainable.model, trainer->example(), choices.format, out);
  std::cout << "saved " << out << "\n";
  return 0;
}

}  // namespace

int contract_command(const Trainer& prototype, const Words& words) {
  CLI::App app(
      "Contracts a checkpoint of a run, verifies it layer by layer, and saves "
      "the compact weights.",
      prototype.name() + " contract");
  ContractChoices choices;
  add_contract_flags(app, choices);
  try {
    app.parse(words.argc, words.argv);
    const auto complaint = complaint_about_ending(choices.out, choices.format);
    if (!complaint.empty()) throw CLI::ValidationError("--out", complaint);
  } catch (const CLI::ParseError& error) {
    return status_after(app, error);
  }
  return contract_checkpoint(prototype, choices);
}

}  // namespace expandnet::examples
