#include "cifar/arguments.h"

#include <c10/util/Exception.h>
#include <expandnet/data/image_set.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <utility>

#include "common/checks.h"
#include "trainer/run.h"

namespace expandnet::examples::cifar {

namespace {

/// Binds `arguments` to the flags of an app; what they hold are the defaults.
void add_arguments(CLI::App& app, Arguments& arguments, Command command) {
  app.option_defaults()->always_capture_default()->take_last();
  app.set_config("--config", "", "a file of keys and values for these flags")
      ->configurable(false);
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.add_option("--dataset", arguments.dataset)
      ->check(CLI::IsMember(data::image_set_names()));
  app.add_option("--validation", arguments.validation,
                 "training images set apart to choose the epoch on")
      ->check(not_negative());
  app.add_option("--split-seed", arguments.split_seed,
                 "which images are set apart; the same for all runs");
  app.add_option("--padding", arguments.padding,
                 "pixels around the image for its random crop; 0: no crop")
      ->check(not_negative());
  app.add_option("--flip", arguments.flip, "true or false: left to right");
  app.add_option("--net", arguments.net)
      ->check(CLI::IsMember({"smallnet", "analysis", "resnet18"}));
  app.add_option("--kernel", arguments.kernel, "side of smallnet's, odd")
      ->check(positive());
  app.add_option("--first-layer", arguments.first_layer,
                 "kept: the first factor of a layer with three input channels "
                 "makes three again, as in the official code")
      ->check(CLI::IsMember({"kept", "widened"}));
  add_settings(app, arguments.settings, command);
  app.get_option("--expand")->check(CLI::IsMember(models::small_net_recipes()));
}

/// What no single flag can say.
void check_together(const Arguments& arguments) {
  if (arguments.kernel % 2 == 0) {
    throw CLI::ValidationError(
        "--kernel", "must be odd, got " + std::to_string(arguments.kernel));
  }
  const auto& settings = arguments.settings;
  if (settings.select == "best" && arguments.validation == 0) {
    throw CLI::ValidationError(
        "--select",
        "best needs validation images, got none; use last or test-best");
  }
  const bool modules =
      settings.execution != "weight-space" || settings.init == "twin";
  if (modules && arguments.net != "smallnet") {
    throw CLI::ValidationError(
        settings.init == "twin" ? "--init" : "--execution",
        "expanded modules are written for smallnet, got " + arguments.net +
            "; weight-space trains any net");
  }
  if (settings.nesterov && settings.momentum == 0) {
    throw CLI::ValidationError("--nesterov", "needs a momentum, got 0");
  }
}

template <typename Result>
std::variant<Result, int> parse_with(CLI::App& app, Result& result, int argc,
                                     const char* const* argv) {
  try {
    app.parse(argc, argv);
    if constexpr (std::is_same_v<Result, Arguments>) check_together(result);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return result;
}

std::string text_of(Arguments arguments, Command command) {
  CLI::App app;
  add_arguments(app, arguments, command);
  return configuration_of(app);
}

}  // namespace

std::variant<Arguments, int> parse(Command command, int argc,
                                   const char* const* argv) {
  const bool train = command == Command::kTrain;
  CLI::App app(train ? "Trains one net, contracts it and saves it."
                     : "Trains several expansions of a net from several seeds "
                       "and compares them.",
               train ? "expandnet-cifar train" : "expandnet-cifar compare");
  Arguments arguments;
  arguments.settings.expand = {"ck+fc"};
  if (!train) arguments.settings.expand = {"none", "ck+fc"};
  add_arguments(app, arguments, command);
  auto parsed = parse_with(app, arguments, argc, argv);
  if (auto* result = std::get_if<Arguments>(&parsed)) {
    result->configuration = text_of(*result, command);
  }
  return parsed;
}

std::variant<RunArguments, int> parse_evaluate(int argc,
                                               const char* const* argv) {
  CLI::App app("Evaluates the contracted weights of a finished run.",
               "expandnet-cifar evaluate");
  app.option_defaults()->always_capture_default();
  RunArguments arguments;
  app.add_option("run", arguments.run, "folder of the run")->required();
  app.add_option("--data", arguments.data,
                 "folder of the data set; by default where the run had it");
  app.add_option("--set", arguments.set)
      ->check(CLI::IsMember({"test", "validation", "training"}));
  app.add_option("--device", arguments.device)
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  return parse_with(app, arguments, argc, argv);
}

std::variant<RunArguments, int> parse_contract(int argc,
                                               const char* const* argv) {
  CLI::App app(
      "Contracts a checkpoint of a run, verifies it layer by layer, and saves "
      "the compact weights.",
      "expandnet-cifar contract");
  app.option_defaults()->always_capture_default();
  RunArguments arguments;
  app.add_option("run", arguments.run, "folder of the run")->required();
  app.add_option("--checkpoint", arguments.checkpoint)
      ->check(CLI::IsMember({"best", "last"}));
  app.add_option("--out", arguments.out,
                 "file for the weights; by default weights.pt of the run");
  return parse_with(app, arguments, argc, argv);
}

std::string run_configuration(Arguments arguments, const std::string& recipe,
                              std::uint64_t seed, const std::string& folder) {
  arguments.settings.expand = {recipe};
  arguments.settings.seed = seed;
  arguments.settings.out = folder;
  return text_of(arguments, Command::kTrain);
}

Arguments arguments_of_run(const std::string& folder) {
  const auto file = (std::filesystem::path(folder) / kConfigurationFile);
  TORCH_CHECK(std::filesystem::exists(file),
              "expandnet-cifar: a run's folder must hold ", kConfigurationFile,
              ", got \"", folder, "\"; name one that train has made");
  CLI::App app;
  Arguments arguments;
  add_arguments(app, arguments, Command::kTrain);
  try {
    app.parse("--config \"" + file.string() + "\"");
  } catch (const CLI::ParseError& error) {
    TORCH_CHECK(false, "expandnet-cifar: ", file.string(),
                " must be a run's configuration, got an error: ", error.what());
  }
  return arguments;
}

}  // namespace expandnet::examples::cifar
