// expandnet-cifar: a compact network and its ExpandNets, trained side by side.
//
//     expandnet-cifar compare --data data --out results
//
// trains the paper's SmallNet with 7x7 kernels on CIFAR-10, compact and
// expanded by CK and FC, from three seeds each, contracts and verifies what it
// trained, and writes tables, curves and weights into `results`.
#include <c10/util/Exception.h>
#include <expandnet/data/image_set.h>
#include <expandnet/passes/contract.h>
#include <expandnet/train/checkpoints.h>
#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <variant>

#include "cifar/arguments.h"
#include "cifar/nets.h"
#include "trainer/run.h"
#include "trainer/session.h"

namespace expandnet::examples::cifar {

namespace {

int train_or_compare(Command command, int argc, const char* const* argv,
                     const std::string& command_line) {
  const auto parsed = parse(command, argc, argv);
  if (const auto* status = std::get_if<int>(&parsed)) return *status;
  const auto& arguments = std::get<Arguments>(parsed);
  const auto& settings = arguments.settings;
  check_out(settings, arguments.configuration);

  const auto runs =
      command == Command::kTrain
          ? 1
          : settings.runs * static_cast<std::int64_t>(settings.expand.size());
  const auto machine = set_up(settings, runs);
  const auto images = load_images(arguments, machine.device);
  const auto maker = make_maker(arguments, images, machine);

  Session session;
  session.command = command;
  session.program = command == Command::kTrain ? "expandnet-cifar train"
                                               : "expandnet-cifar compare";
  session.command_line = command_line;
  session.title = title_of(arguments);
  session.images =
      fmt::format("{} training, {} validation and {} test images",
                  images.training.labels.size(0),
                  images.validation.labels.size(0), images.test.labels.size(0));
  session.configuration = arguments.configuration;
  session.run_configuration = [&](const std::string& recipe, std::uint64_t seed,
                                  const std::string& folder) {
    return run_configuration(arguments, recipe, seed, folder);
  };
  return run_session(session, maker, settings, machine);
}

int evaluate(int argc, const char* const* argv) {
  const auto parsed = parse_evaluate(argc, argv);
  if (const auto* status = std::get_if<int>(&parsed)) return *status;
  const auto& request = std::get<RunArguments>(parsed);
  auto arguments = arguments_of_run(request.run);
  if (!request.data.empty()) arguments.settings.data = request.data;
  arguments.settings.device = request.device;
  const auto machine = set_up(arguments.settings, 1);
  const auto images = load_images(arguments, machine.device);
  const auto& set = request.set == "test"         ? images.test
                    : request.set == "validation" ? images.validation
                                                  : images.training;
  TORCH_CHECK(set.labels.size(0) > 0,
              "expandnet-cifar: --set must name images, got none in the ",
              request.set, " set of this run");
  auto batches = plain_batches(arguments, set, machine.memory_format);
  const auto model =
      load_run(request.run, arguments, set.classes, machine.device);
  const auto score =
      train::evaluate(model, batches, machine.device, machine.precision);
  std::cout << fmt::format(
      "{} images of the {} set: loss {:.4f}, accuracy "
      "{:.2f}%\n",
      set.labels.size(0), request.set, score.loss, 100 * score.accuracy);
  return 0;
}

int contract_checkpoint(int argc, const char* const* argv) {
  const auto parsed = parse_contract(argc, argv);
  if (const auto* status = std::get_if<int>(&parsed)) return *status;
  const auto& request = std::get<RunArguments>(parsed);
  auto arguments = arguments_of_run(request.run);
  arguments.settings.device = "cpu";
  arguments.settings.precision = "fp32";
  const auto machine = set_up(arguments.settings, 1);
  const auto path =
      (std::filesystem::path(request.run) / (request.checkpoint + ".pt"))
          .string();
  const auto classes = data::class_count(arguments.dataset);
  const auto trainee = make_trainee(arguments, classes,
                                    arguments.settings.expand.front(), machine);
  train::load_weights(path, *trainee.model.module, trainee.expansion.get());
  if (trainee.expansion) {
    std::cout << trainee.expansion->contract();
  } else if (trainee.has_chains) {
    std::cout << contract(*trainee.model.module);
  } else {
    std::cout << "the net is compact: there is nothing to contract\n";
  }
  const auto out =
      request.out.empty()
          ? (std::filesystem::path(request.run) / kWeightsFile).string()
          : request.out;
  save_weights(*trainee.model.module, out);
  std::cout << "saved " << out << "\n";
  return 0;
}

constexpr const char* kUsage =
    "usage: expandnet-cifar COMMAND [--help] ...\n"
    "\n"
    "  train     trains one net, contracts it and saves it\n"
    "  compare   trains several expansions of a net from several seeds\n"
    "  evaluate  evaluates the contracted weights of a run\n"
    "  contract  contracts a checkpoint of a run\n";

int run(int argc, const char* const* argv) {
  std::string command_line = "expandnet-cifar";
  for (int i = 1; i < argc; ++i) command_line += std::string(" ") + argv[i];
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "train") {
    return train_or_compare(Command::kTrain, argc - 1, argv + 1, command_line);
  }
  if (command == "compare") {
    return train_or_compare(Command::kCompare, argc - 1, argv + 1,
                            command_line);
  }
  if (command == "evaluate") return evaluate(argc - 1, argv + 1);
  if (command == "contract") return contract_checkpoint(argc - 1, argv + 1);
  if (command == "--help" || command == "-h") {
    std::cout << kUsage;
    return 0;
  }
  if (command == "--version") {
    std::cout << "expandnet " << EXPANDNET_VERSION << "\n";
    return 0;
  }
  if (!command.empty()) {
    std::cerr << "expandnet-cifar: COMMAND must be train, compare, evaluate or "
                 "contract, got \""
              << command << "\"\n\n";
  }
  std::cerr << kUsage;
  return 2;
}

}  // namespace

}  // namespace expandnet::examples::cifar

int main(int argc, char** argv) {
  try {
    return expandnet::examples::cifar::run(argc, argv);
  } catch (const c10::Error& error) {
    std::cerr << error.what_without_backtrace() << std::endl;
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
  }
  return 1;
}
