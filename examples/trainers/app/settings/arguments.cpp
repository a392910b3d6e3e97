#include "trainers/app/settings/arguments.h"

#include <c10/util/Exception.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <set>
#include <utility>

#include "command_line/command_line.h"
#include "trainers/app/runs/run_files.h"
#include "trainers/app/runs/weights.h"
#include "trainers/app/settings/configuration.h"
#include "trainers/app/settings/flags.h"

namespace expandnet::examples {

namespace {

/// Binds a trainer to the flags of an app; what it holds are the defaults.
void add_arguments(CLI::App& app, Trainer& trainer, Command command) {
  app.option_defaults()->always_capture_default()->take_last();
  app.set_config("--config", "", "a file of keys and values for these flags")
      ->configurable(false)
      ->check([&app](const std::string& file) {
        return complaint_about(file, app);
      });
  app.allow_config_extras(CLI::config_extras_mode::error);
  trainer.add_flags(app);
  add_settings(app, trainer.settings, command);
  app.get_option("--expand")->check(CLI::IsMember(trainer.recipes()));
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
  if (settings.nesterov && settings.momentum == 0) {
    throw CLI::ValidationError("--nesterov", "needs a momentum, got 0");
  }
  if (settings.label_smoothing > 0 && !settings.teacher.empty()) {
    throw CLI::ValidationError(
        "--label-smoothing",
        "a teacher's labels are smooth already, got both; leave out one");
  }
}

/// Reads the flags that others' defaults depend on, and passes over all errors:
/// they are told of when everything is read.
void set_defaults(Trainer& trainer, Command command, int argc,
                  const char* const* argv) {
  const auto asked = trainer.clone();
  CLI::App app;
  app.set_help_flag();  // help would end the reading
  add_arguments(app, *asked, command);
  app.allow_extras();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError&) {
  }
  asked->settings = trainer.settings;
  asked->set_defaults(command);
  trainer.settings = asked->settings;
}

/// What was parsed, and has passed `check`.
template <typename Result>
std::variant<Result, int> parse_with(
    CLI::App& app, Result& result, int argc, const char* const* argv,
    const std::function<void()>& check = [] {}) {
  try {
    app.parse(argc, argv);
    check();
  } catch (const CLI::ParseError& error) {
    return status_after(app, error);
  }
  return std::move(result);
}

/// Sets those settings of a trainer that `evaluate` was given.
std::variant<EvaluateRunArguments, int> parse_evaluate_for(
    std::unique_ptr<Trainer> trainer, int argc, const char* const* argv) {
  CLI::App app(
      "Evaluates the contracted weights of a finished run. What is not given "
      "is as the run had it, but for the device: auto.",
      trainer->name() + " evaluate");
  EvaluateRunArguments arguments;
  arguments.set = trainer->sets().front();
  app.add_option("run", arguments.run, "folder of the run")->required();
  app.add_option("--set", arguments.set)
      ->check(CLI::IsMember(trainer->sets()))
      ->capture_default_str();
  add_evaluation_settings(app, trainer->settings);
  trainer->add_evaluation_flags(app);
  arguments.trainer = std::move(trainer);
  return parse_with(app, arguments, argc, argv);
}

}  // namespace

std::variant<std::unique_ptr<Trainer>, int> parse(const Trainer& prototype,
                                                  Command command, int argc,
                                                  const char* const* argv) {
  const bool train = command == Command::kTrain;
  CLI::App app(train ? "Trains one net, contracts it and saves it."
                     : "Trains several expansions of a net from several seeds "
                       "and compares them.",
               prototype.name() + (train ? " train" : " compare"));
  auto trainer = prototype.clone();
  set_defaults(*trainer, command, argc, argv);
  add_arguments(app, *trainer, command);
  return parse_with(app, trainer, argc, argv, [&trainer, command] {
    check_together(trainer->settings, command);
    trainer->check();
  });
}

std::variant<EvaluateRunArguments, int> parse_evaluate(
    const Trainer& prototype, int argc, const char* const* argv) {
  // What the flags are is known before the run that they are for.
  auto asked = parse_evaluate_for(prototype.clone(), argc, argv);
  const auto* arguments = std::get_if<EvaluateRunArguments>(&asked);
  if (arguments == nullptr) return asked;
  auto trainer = trainer_of_run(prototype, arguments->run);
  trainer->settings.device = DeviceChoice::kAuto;
  return parse_evaluate_for(std::move(trainer), argc, argv);
}

std::variant<ContractRunArguments, int> parse_contract(
    const Trainer& prototype, int argc, const char* const* argv) {
  CLI::App app(
      "Contracts a checkpoint of a run, verifies it layer by layer, and saves "
      "the compact weights.",
      prototype.name() + " contract");
  app.option_defaults()->always_capture_default();
  ContractRunArguments arguments;
  app.add_option("run", arguments.run, "folder of the run")->required();
  app.add_option("--checkpoint", arguments.checkpoint)
      ->check(CLI::IsMember({"best", "last"}));
  arguments.format = weight_formats().front();
  app.add_option("--format", arguments.format,
                 "libtorch: for torch::load and evaluate; pt: for Python's "
                 "torch.load; torchscript: the net with its code")
      ->check(CLI::IsMember(weight_formats()));
  app.add_option("--out", arguments.out,
                 "file to write; by default weights.pt, .safetensors or .pth, "
                 "or net.torchscript.pt of the run");
  return parse_with(app, arguments, argc, argv, [&arguments] {
    const auto complaint =
        complaint_about_ending(arguments.out, arguments.format);
    if (!complaint.empty()) throw CLI::ValidationError("--out", complaint);
  });
}

std::string configuration_of(const Trainer& trainer, Command command) {
  const auto copy = trainer.clone();
  CLI::App app;
  add_arguments(app, *copy, command);
  return configuration_of(app);
}

std::string run_configuration(const Trainer& trainer, const std::string& recipe,
                              std::uint64_t seed, const std::string& folder) {
  const auto one = trainer.clone();
  one->settings.expand = {recipe};
  one->settings.seed = seed;
  one->settings.out = folder;
  return configuration_of(*one, Command::kTrain);
}

std::unique_ptr<Trainer> trainer_of_run(const Trainer& prototype,
                                        const std::string& folder) {
  const auto file = (std::filesystem::path(folder) / kConfigurationFile);
  TORCH_CHECK(std::filesystem::exists(file), prototype.name(),
              ": a run's folder must hold ", kConfigurationFile, ", got \"",
              folder, "\"; name one that train has made");
  CLI::App app("", prototype.name() + " train");
  auto trainer = prototype.clone();
  add_arguments(app, *trainer, Command::kTrain);
  try {
    app.parse(std::vector<std::string>{file.string(),
                                       "--config"});  // the last comes first
  } catch (const CLI::ParseError& error) {
    TORCH_CHECK(false, prototype.name(), ": ", file.string(),
                " must be a run's configuration, got an error: ", error.what());
  }
  return trainer;
}

}  // namespace expandnet::examples
