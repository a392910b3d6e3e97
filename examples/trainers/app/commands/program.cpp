#include "trainers/app/commands/program.h"

#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/passes/contract.h>
#include <expandnet/train/checkpoints.h>
#include <expandnet/train/weight_average.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <variant>

#include "command_line/memory.h"
#include "command_line/output_file.h"
#include "command_line/status.h"
#include "trainers/app/runs/run.h"
#include "trainers/app/runs/run_folders.h"
#include "trainers/app/runs/session.h"
#include "trainers/app/runs/weights.h"
#include "trainers/app/settings/arguments.h"
#include "trainers/app/settings/configuration.h"

namespace expandnet::examples {

namespace {

/// Refuses ranks that were configured each in its own way.
void check_ranks(const std::string& configuration, const Machine& machine) {
  if (!machine.ranks) return;
  const auto all = machine.ranks->gather(configuration);
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    const auto other = differences(all[0], all[rank]);
    TORCH_CHECK(other.empty(), "rank ", rank,
                " must be configured as rank 0 is, got another ",
                c10::Join(", ", other), "; start all of them alike");
  }
}

int train_or_compare(const Trainer& prototype, Command command, int argc,
                     const char* const* argv, const std::string& command_line) {
  const auto parsed = parse(prototype, command, argc, argv);
  if (const auto* status = std::get_if<int>(&parsed)) return *status;
  const auto& trainer = *std::get<std::unique_ptr<Trainer>>(parsed);
  const auto& settings = trainer.settings;
  const auto runs =
      command == Command::kTrain
          ? 1
          : settings.runs * static_cast<std::int64_t>(settings.expand.size());
  const auto machine = set_up(settings, runs);
  const auto configuration = configuration_of(trainer, command);
  check_ranks(configuration, machine);
  on_first(machine, [&] { check_out(settings, configuration); });
  const auto images = trainer.load_images(machine, /*run=*/"");
  return run_session({command, command_line}, trainer, *images, machine);
}

/// The images that could not be read, on all ranks.
std::int64_t skipped_by_all(const data::BatchSource& batches,
                            const Machine& machine) {
  const auto count = torch::full(
      {1}, static_cast<std::int64_t>(batches.skipped().size()), torch::kLong);
  if (machine.ranks) machine.ranks->sum(count);
  return count.item<std::int64_t>();
}

int evaluate(const Trainer& prototype, int argc, const char* const* argv) {
  const auto parsed = parse_evaluate(prototype, argc, argv);
  if (const auto* status = std::get_if<int>(&parsed)) return *status;
  const auto& request = std::get<EvaluateRunArguments>(parsed);
  const auto& trainer = request.trainer;
  const auto machine = set_up(trainer->settings, 1);
  const auto images = trainer->load_images(machine, request.run);
  const auto count = images->size_of(request.set);
  TORCH_CHECK(count > 0, trainer->name(),
              ": --set must name images, got none in the ", request.set,
              " set of this run");
  const auto batches = images->batches_of(request.set);
  const auto model =
      load_run(request.run, *trainer, images->classes(), machine.device);
  train::set_memory_format(*model.module, machine.memory_format);
  const auto score = train::evaluate(model, *batches, machine.device,
                                     machine.precision, machine.ranks.get());
  const auto skipped = skipped_by_all(*batches, machine);
  if (!machine.is_first()) return 0;
  std::cout << fmt::format("{} images of the {} set", count - skipped,
                           request.set);
  if (skipped > 0) {
    std::cout << fmt::format(" ({} more could not be read)", skipped);
  }
  std::cout << fmt::format(": loss {:.4f}, accuracy {:.2f}%", score.loss,
                           100 * score.accuracy);
  if (trainer->settings.top5) {
    std::cout << fmt::format(", top-5 {:.2f}%", 100 * score.top5);
  }
  std::cout << "\n";
  return 0;
}

/// Folds the chains of what trains, verified.
void contract_trainee(const Trainee& trainee) {
  if (trainee.expansion) {
    std::cout << trainee.expansion->contract();
  } else if (trainee.has_chains) {
    std::cout << contract(*trainee.model.module);
  } else {
    std::cout << "the net is compact: there is nothing to contract\n";
  }
}

int contract_checkpoint(const Trainer& prototype, int argc,
                        const char* const* argv) {
  const auto parsed = parse_contract(prototype, argc, argv);
  if (const auto* status = std::get_if<int>(&parsed)) return *status;
  const auto& request = std::get<ContractRunArguments>(parsed);
  const auto trainer = trainer_of_run(prototype, request.run);
  auto& settings = trainer->settings;
  settings.device = DeviceChoice::kCPU;
  settings.precision = train::Precision::kFloat32;
  const std::filesystem::path folder = request.run;
  const auto out = request.out.empty()
                       ? (folder / weights_file(request.format)).string()
                       : request.out;
  check_writable(out);
  const auto machine = set_up(settings, 1);
  const auto path = (folder / (request.checkpoint + ".pt")).string();
  const auto trainee = trainer->make_trainee(
      settings.expand.front(), trainer->classes_of_run(request.run), machine);
  const auto average = settings.ema > 0
                           ? std::make_unique<train::WeightAverage>(
                                 *trainee.model.module, settings.ema)
                           : nullptr;
  train::load_weights(path, *trainee.model.module, trainee.expansion.get(),
                      average.get());
  // In weight space the average is of what the chains fold to, elsewhere of the
  // factors.
  const bool of_folds = trainee.expansion != nullptr;
  if (average != nullptr && !of_folds) average->swap();
  contract_trainee(trainee);
  if (average != nullptr && of_folds) average->swap();
  save_weights(trainee.model, trainer->example(), request.format, out);
  std::cout << "saved " << out << "\n";
  return 0;
}

std::string usage_of(const std::string& name) {
  return "usage: " + name +
         " COMMAND [--help] ...\n"
         "\n"
         "  train     trains one net, contracts it and saves it\n"
         "  compare   trains several expansions of a net from several seeds\n"
         "  evaluate  evaluates the contracted weights of a run\n"
         "  contract  contracts a checkpoint of a run\n";
}

int run(const Trainer& prototype, int argc, const char* const* argv) {
  const auto name = prototype.name();
  std::string command_line = name;
  for (int i = 1; i < argc; ++i) command_line += std::string(" ") + argv[i];
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "train") {
    return train_or_compare(prototype, Command::kTrain, argc - 1, argv + 1,
                            command_line);
  }
  if (command == "compare") {
    return train_or_compare(prototype, Command::kCompare, argc - 1, argv + 1,
                            command_line);
  }
  if (command == "evaluate") return evaluate(prototype, argc - 1, argv + 1);
  if (command == "contract") {
    return contract_checkpoint(prototype, argc - 1, argv + 1);
  }
  if (command == "--help" || command == "-h") {
    std::cout << usage_of(name);
    return 0;
  }
  if (command == "--version") {
    std::cout << "expandnet " << EXPANDNET_VERSION << "\n";
    return 0;
  }
  if (!command.empty()) {
    std::cerr << name
              << ": COMMAND must be train, compare, evaluate or contract, got "
                 "\""
              << command << "\"\n\n";
  }
  std::cerr << usage_of(name);
  return 2;
}

}  // namespace

int run_program(const Trainer& prototype, int argc,
                const char* const* argv) try {
  keep_freed_memory();
  return run(prototype, argc, argv);
} catch (...) {
  return failure_status();
}

}  // namespace expandnet::examples
