#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/read_file.h"
#include "command_line/command_line.h"
#include "command_line/named_flag.h"
#include "trainers/app/commands/commands.h"
#include "trainers/app/runs/grid.h"
#include "trainers/app/runs/layer_strategies.h"
#include "trainers/app/runs/plans.h"
#include "trainers/app/runs/run_files.h"
#include "trainers/app/runs/run_folders.h"
#include "trainers/app/runs/session.h"
#include "trainers/app/settings/arguments.h"
#include "trainers/app/settings/configuration.h"

namespace expandnet::examples {

namespace {

/// Of the values to choose from, each is there once; what does not depend on a
/// choice, such as the cost of a step, goes by the first.
void take_first_cell(Settings& settings) {
  const auto take = [](const std::string& flag, double& value,
                       const std::vector<double>& values) {
    if (values.empty()) {
      throw CLI::ValidationError(flag, "must have a value, got none");
    }
    if (std::set<double>(values.begin(), values.end()).size() < values.size()) {
      throw CLI::ValidationError(flag, "must name each value once, got " +
                                           CLI::detail::join(values, ", "));
    }
    value = values.front();
  };
  take("--lr", settings.lr, settings.grid.lr);
  take("--weight-decay", settings.weight_decay, settings.grid.weight_decay);
  take("--rate", settings.rate, settings.grid.rate);
}

/// `train` has nothing to choose.
void one_cell(Settings& settings) {
  settings.grid = {{settings.lr}, {settings.weight_decay}, {settings.rate}};
}

/// What no single flag can say, whatever the trainer.
void check_together(const Settings& settings, Command command) {
  const auto& recipes = settings.expand;
  if (command == Command::kTrain && recipes.size() > 1) {
    throw CLI::ValidationError("--expand",
                               "must be one to train, got " +
                                   CLI::detail::join(recipes, ", ") +
                                   "; compare takes several");
  }
  const std::set<std::string> distinct(recipes.begin(), recipes.end());
  if (distinct.size() < recipes.size()) {
    throw CLI::ValidationError("--expand",
                               "must name each expansion once, got " +
                                   CLI::detail::join(recipes, ", "));
  }
  if (has_choice(settings.grid) &&
      settings.select == train::Select::kBestTest) {
    throw CLI::ValidationError(
        "--select",
        "must be best or last where values are chosen by the validation set, "
        "got test-best");
  }
  if (settings.nesterov && settings.momentum == 0) {
    throw CLI::ValidationError("--nesterov", "needs a momentum, got 0");
  }
  if (settings.decay_on == DecayChoice::kFold) {
    if (settings.optimizer != OptimizerChoice::kSGD) {
      throw CLI::ValidationError(
          "--decay-on",
          "fold adds to the gradient, as sgd's decay does, got adamw");
    }
    if (settings.execution != ExecutionChoice::kWeightSpace) {
      throw CLI::ValidationError("--decay-on",
                                 "fold needs --execution weight-space, got " +
                                     name_in(kExecutions, settings.execution));
    }
  }
  const bool expands =
      std::any_of(recipes.begin(), recipes.end(),
                  [](const auto& recipe) { return recipe != "none"; });
  if (settings.lr_chains == 0 && expands) {
    if (settings.optimizer != OptimizerChoice::kSGD) {
      throw CLI::ValidationError("--lr-chains",
                                 "0 measures steps of sgd, got adamw; give a "
                                 "number above 0");
    }
    if (settings.init.twin) {
      throw CLI::ValidationError("--lr-chains",
                                 "0 measures chains at their start, which "
                                 "--init twin replaces; give a "
                                 "number above 0");
    }
  }
  const auto sum = std::find_if(
      recipes.begin(), recipes.end(),
      [](const auto& recipe) { return sum_of_recipe(recipe).has_value(); });
  if (settings.init.twin && sum != recipes.end()) {
    throw CLI::ValidationError(
        "--init", "twin needs layers that are single chains, got --expand " +
                      *sum + "; use another start");
  }
  if (settings.narrow == NarrowChoice::kOn &&
      settings.optimizer != OptimizerChoice::kSGD) {
    throw CLI::ValidationError("--narrow",
                               "is exact under sgd only, got on with " +
                                   name_in(kOptimizers, settings.optimizer) +
                                   "; use auto or off");
  }
  if (!settings.strategy.empty() &&
      (settings.execution != ExecutionChoice::kWeightSpace ||
       settings.init.twin)) {
    throw CLI::ValidationError(
        "--strategy",
        "needs nets that are expanded in weight space, got " +
            (settings.init.twin
                 ? std::string("--init twin")
                 : "--execution " + name_in(kExecutions, settings.execution)));
  }
  if (!settings.strategy.empty() &&
      recipes == std::vector<std::string>{"none"}) {
    throw CLI::ValidationError("--strategy",
                               "needs a net that is expanded, got --expand "
                               "none; name an expansion, and leave other "
                               "layers out with \"*=none\"");
  }
  const auto& tuning = settings.fine_tuning;
  const bool has_head = tuning.head != HeadChoice::kAuto;
  if (tuning.weights.empty() && (has_head || !tuning.weights_key.empty())) {
    throw CLI::ValidationError(has_head ? "--head" : "--weights-key",
                               "needs --weights, got none");
  }
  if (!tuning.head_layer.empty() && tuning.weights.empty() &&
      tuning.lr_head == 1) {
    throw CLI::ValidationError("--head-layer",
                               "needs --weights or --lr-head, got none");
  }
  const bool fine_tunes = !tuning.weights.empty() || !tuning.freeze.empty();
  if (fine_tunes && settings.execution != ExecutionChoice::kWeightSpace) {
    throw CLI::ValidationError(
        tuning.weights.empty() ? "--freeze" : "--weights",
        "needs --execution weight-space, got " +
            name_in(kExecutions, settings.execution));
  }
  if (fine_tunes && settings.init.twin) {
    throw CLI::ValidationError(
        tuning.weights.empty() ? "--freeze" : "--weights",
        "must not start from a twin, got --init twin");
  }
  if (settings.label_smoothing > 0 && !settings.teacher.empty()) {
    throw CLI::ValidationError(
        "--label-smoothing",
        "a teacher's labels are smooth already, got both; leave out one");
  }
}

/// Refuses ranks that were configured each in its own way.
void check_ranks(const std::string& configuration, const Machine& machine) {
  if (!machine.ranks) return;
  const auto all = machine.ranks->gather(configuration);
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    const auto other = differences(all[0], all[rank]);
    TORCH_CHECK(other.empty(), "rank ", rank,
                " must be configured as rank 0 is, got other values of ",
                c10::Join(", ", other), "; start all of them alike");
  }
}

/// What is taken up goes on as narrow as it began: wide if there was no
/// --narrow yet.
void keep_narrow(Settings& settings, Command command, const Machine& machine) {
  const bool goes_on = settings.resume || command == Command::kCompare;
  if (!goes_on || settings.narrow != NarrowChoice::kAuto) return;
  const auto file = std::filesystem::path(settings.out) / kConfigurationFile;
  std::string began;
  if (machine.is_first() && std::filesystem::exists(file)) {
    try {
      began = value_at(read_file(file.string()), "narrow")
                  .value_or(settings.absent.at("narrow"));
    } catch (const std::runtime_error&) {  // is told when it is compared
    }
  }
  if (machine.ranks) began = machine.ranks->gather(began).front();
  for (const auto& [choice, name] : kNarrows) {
    if (began == name) settings.narrow = choice;
  }
}

int train_or_compare(const Trainer& prototype, Command command,
                     const Words& words) {
  const bool train = command == Command::kTrain;
  CLI::App app(train ? "Trains one net, contracts it and saves it."
                     : "Trains several expansions of a net from several seeds "
                       "and compares them.",
               prototype.name() + (train ? " train" : " compare"));
  const auto trainer = prototype.clone();
  std::vector<std::string> flags(words.argv + 1, words.argv + words.argc);
  const auto resumed = resumed_configuration(*trainer, command, flags);
  if (resumed) flags.insert(flags.begin(), {"--config", *resumed});
  set_defaults(*trainer, command, flags);
  add_arguments(app, *trainer, command);
  if (resumed) {
    take_absent_values(app, trainer->settings, read_file(*resumed));
  }
  add_absent_values(app, trainer->settings);
  std::reverse(flags.begin(), flags.end());  // as CLI11 takes them
  try {
    app.parse(flags);
    if (train) {
      one_cell(trainer->settings);
    } else {
      take_first_cell(trainer->settings);
    }
    check_together(trainer->settings, command);
    trainer->check();
  } catch (const CLI::ParseError& error) {
    return status_after(app, error);
  }
  auto& settings = trainer->settings;
  const auto machine = set_up(settings, most_runs(settings, command));
  keep_narrow(settings, command, machine);
  TORCH_CHECK(settings.int8 == Int8Choice::kNone || !machine.ranks,
              error_message("--int8", "takes one process",
                            std::to_string(machine.size()) + " ranks"));
  TORCH_CHECK(settings.confusion == 0 || !machine.ranks,
              error_message("--confusion", "takes one process",
                            std::to_string(machine.size()) + " ranks"));
  const auto configuration = configuration_of(*trainer, command);
  check_ranks(configuration, machine);
  on_first(machine, [&] { check_out(settings, command, configuration); });
  if (settings.resume && machine.is_first() &&
      !std::filesystem::exists(std::filesystem::path(settings.out) /
                               kConfigurationFile)) {
    std::cout << "note: there is no run in \"" << settings.out
              << "\"; a new one begins\n";
  }
  const auto images = trainer->load_images(machine, /*run=*/"");
  return run_session({command, words.line}, *trainer, *images, machine);
}

}  // namespace

int train_command(const Trainer& prototype, const Words& words) {
  return train_or_compare(prototype, Command::kTrain, words);
}

int compare_command(const Trainer& prototype, const Words& words) {
  return train_or_compare(prototype, Command::kCompare, words);
}

}  // namespace expandnet::examples
