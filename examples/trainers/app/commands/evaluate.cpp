#include <c10/util/Exception.h>
#include <expandnet/train/evaluate.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>

#include "base/error.h"
#include "command_line/command_line.h"
#include "command_line/named.h"
#include "trainers/app/commands/commands.h"
#include "trainers/app/report/results.h"
#include "trainers/app/runs/int8.h"
#include "trainers/app/runs/machine.h"
#include "trainers/app/runs/weights.h"
#include "trainers/app/settings/arguments.h"
#include "trainers/app/settings/flags.h"

namespace expandnet::examples {

namespace {

struct EvaluateChoices {
  std::string run;
  std::string set;
};

/// Reads the words into what was asked for and the settings of `trainer`.
/// Returns the status where the program ends at that.
std::optional<int> read_words(const Words& words, Trainer& trainer,
                              EvaluateChoices& choices) {
  CLI::App app(
      "Evaluates the contracted weights of a finished run. What is not given "
      "is as the run had it, but for the device: auto.",
      trainer.name() + " evaluate");
  choices.set = trainer.sets().front();
  app.add_option("run", choices.run, "folder of the run")->required();
  app.add_option("--set", choices.set)
      ->check(CLI::IsMember(trainer.sets()))
      ->capture_default_str();
  add_evaluation_settings(app, trainer.settings);
  if (!trainer.has_int8()) app.get_option("--int8")->group("");
  trainer.add_evaluation_flags(app);
  try {
    app.parse(words.argc, words.argv);
  } catch (const CLI::ParseError& error) {
    return status_after(app, error);
  }
  return std::nullopt;
}

/// The images that could not be read, on all ranks.
std::int64_t skipped_by_all(const data::BatchSource& batches,
                            const Machine& machine) {
  const auto count = torch::full(
      {1}, static_cast<std::int64_t>(batches.skipped().size()), torch::kLong);
  if (machine.ranks) machine.ranks->sum(count);
  return count.item<std::int64_t>();
}

int evaluate(const Trainer& trainer, const EvaluateChoices& choices) {
  const auto machine = set_up(trainer.settings, 1);
  TORCH_CHECK(trainer.settings.int8 == Int8Choice::kNone || !machine.ranks,
              error_message("--int8", "takes one process",
                            std::to_string(machine.size()) + " ranks"));
  const auto images = trainer.load_images(machine, choices.run);
  const auto count = images->size_of(choices.set);
  TORCH_CHECK(count > 0,
              error_message(trainer.name(), "--set must name images",
                            "none in the " + choices.set + " set of this run"));
  const auto batches = images->batches_of(choices.set);
  const auto model =
      load_run(choices.run, trainer, images->classes(), machine.device);
  train::set_memory_format(*model.module, machine.memory_format);
  const auto meter =
      trainer.task(*images, machine.device).meter(machine.device);
  const auto metrics = train::evaluate(model, *batches, *meter,
                                       machine.precision, machine.ranks.get());
  const auto skipped = skipped_by_all(*batches, machine);
  if (!machine.is_first()) return 0;
  for (const auto& note : images->notes()) std::cout << note << "\n";
  std::cout << fmt::format("{} images of the {} set", count - skipped,
                           choices.set);
  if (skipped > 0) {
    std::cout << fmt::format(" ({} more could not be read)", skipped);
  }
  std::cout << fmt::format(": loss {:.4f}", metrics.at("loss"));
  for (const auto& metric : trainer.metrics()) {
    std::cout << ", " << metric.label << " " << shown(metrics, metric);
  }
  std::cout << "\n";
  for (const auto& line : trainer.details(*meter, *images)) {
    std::cout << line << "\n";
  }
  if (trainer.settings.int8 == Int8Choice::kNone) return 0;
  const auto data = images->run_data(trainer.settings.seed);
  const auto rounded =
      evaluate_int8(model, trainer.example().to(machine.device),
                    trainer.settings.int8, *data.training, *batches, *meter);
  std::cout << fmt::format("in eight bits, by {}: loss {:.4f}",
                           name_in(kInt8s, trainer.settings.int8),
                           rounded.at("loss"));
  for (const auto& metric : trainer.metrics()) {
    std::cout << ", " << metric.label << " " << shown(rounded, metric);
  }
  std::cout << "\n";
  return 0;
}

}  // namespace

int evaluate_command(const Trainer& prototype, const Words& words) {
  // What the flags are is known before the run that they are for.
  EvaluateChoices choices;
  auto trainer = prototype.clone();
  if (const auto status = read_words(words, *trainer, choices)) {
    return *status;
  }
  trainer = trainer_of_run(prototype, choices.run);
  trainer->settings.device = DeviceChoice::kAuto;
  if (const auto status = read_words(words, *trainer, choices)) {
    return *status;
  }
  return evaluate(*trainer, choices);
}

}  // namespace expandnet::examples
