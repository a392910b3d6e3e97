#include "trainers/app/settings/settings.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <expandnet/train/optimizers.h>
#include <expandnet/train/schedules.h>
#include <torch/cuda.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "base/error.h"
#include "command_line/checks.h"
#include "trainers/app/settings/configuration.h"

namespace expandnet::examples {

namespace {

constexpr int kMostRecipes = 100;
constexpr std::int64_t kMostRuns = 10000;
constexpr std::int64_t kLongestTimeout = 1000000;  // seconds

train::Schedule schedule_of(const Settings& settings) {
  const auto epochs = static_cast<double>(settings.epochs);
  train::Schedule schedule;
  if (settings.schedule == "steps") {
    auto milestones = settings.milestones;
    if (milestones.empty()) milestones = {epochs / 3, 2 * epochs / 3};
    schedule = train::step_schedule(milestones, settings.lr_factor);
  } else if (settings.schedule == "linear") {
    schedule = train::linear_schedule(epochs, settings.lr_last);
  } else if (settings.schedule == "cosine") {
    schedule = train::cosine_schedule(epochs, settings.lr_last);
  } else {
    schedule = [](double) { return 1.0; };
  }
  return settings.warmup > 0 ? train::with_warmup(schedule, settings.warmup)
                             : schedule;
}

/// The other processes, if there are any.
std::shared_ptr<train::Ranks> connect(const Settings& settings, bool cuda) {
  if (!train::Ranks::in_environment()) return nullptr;
  TORCH_CHECK(settings.by_ranks,
              "this program trains in one process, got RANK or WORLD_SIZE in "
              "the environment; start it by itself");
  train::RanksOptions options;
  options.device = cuda ? c10::kCUDA : c10::kCPU;
  options.timeout = std::chrono::seconds(settings.timeout);
  std::shared_ptr<train::Ranks> ranks = train::Ranks::from_environment(options);
  TORCH_CHECK(settings.batch_size % ranks->size() == 0,
              "--batch-size: must be divisible by the number of ranks, got ",
              settings.batch_size, " for ", ranks->size());
  return ranks;
}

void add_expansion(CLI::App& app, Settings& settings, Command command) {
  // `train` reads several as well, to refuse them: CLI11 would drop all but
  // one.
  app.add_option("--expand", settings.expand,
                 command == Command::kTrain
                     ? "how to expand the net, none for compact"
                     : "what to compare")
      ->expected(1, kMostRecipes);
  add_number(app, "--rate", settings.rate, "expansion rate")->check(positive());
  app.add_option("--execution", settings.execution,
                 "train beside the model, or as expanded modules, folded or "
                 "chained over the feature maps")
      ->check(CLI::IsMember({"weight-space", "modules", "chained"}));
  auto inits = names_in(kInitialValues);
  inits.emplace_back("twin");
  app.add_option("--init", settings.init,
                 "the factors' initial values; twin: those of the nonlinear "
                 "twin, trained before (paper, +Init)")
      ->check(CLI::IsMember(inits));
  app.add_option("--twin-epochs", settings.twin_epochs,
                 "epochs of the twin; 0: those of the net")
      ->check(not_negative());
}

void add_training(CLI::App& app, Settings& settings) {
  app.add_option("--epochs", settings.epochs)->check(positive());
  app.add_option("--batch-size", settings.batch_size)->check(positive());
  app.add_option("--optimizer", settings.optimizer)
      ->check(CLI::IsMember({"sgd", "adamw"}));
  add_number(app, "--lr", settings.lr, "learning rate at the start")
      ->check(positive());
  add_number(app, "--momentum", settings.momentum, "of sgd")->check(share());
  app.add_option("--nesterov", settings.nesterov, "true or false");
  add_number(app, "--weight-decay", settings.weight_decay,
             "of all parameters; of expanded layers, of the factors")
      ->check(not_negative());
  app.add_option("--decay-all", settings.decay_all,
                 "false: no weight decay of BatchNorm and biases");
  add_number(app, "--label-smoothing", settings.label_smoothing)
      ->check(below_one());
  add_number(app, "--ema", settings.ema,
             "decay of a moving average of the compact weights, which is "
             "then evaluated and kept; 0: none")
      ->check(below_one());
  app.add_option("--schedule", settings.schedule, "of the learning rate")
      ->check(CLI::IsMember({"steps", "linear", "cosine", "constant"}));
  add_numbers(app, "--milestones", settings.milestones,
              "epochs of the steps; by default a third and two thirds")
      ->check(finite());
  add_number(app, "--lr-factor", settings.lr_factor, "at each milestone")
      ->check(positive());
  add_number(app, "--lr-last", settings.lr_last,
             "share of --lr that linear and cosine end with")
      ->check(not_negative());
  add_number(app, "--warmup", settings.warmup,
             "epochs in which the rate rises from 0")
      ->check(not_negative());
  app.add_option("--per-iteration", settings.per_iteration,
                 "true: the rate changes at each step");
  add_number(app, "--max-grad-norm", settings.max_grad_norm, "0: no clipping")
      ->check(not_negative());
  app.add_option("--accumulate", settings.accumulate, "batches per update")
      ->check(positive());
  app.add_option("--teacher", settings.teacher,
                 "folder of a finished run to distil from");
  add_number(app, "--temperature", settings.temperature, "of the teacher")
      ->check(positive());
  add_number(app, "--distill", settings.distill,
             "weight of the teacher's part of the loss")
      ->check(share());
}

void add_device(CLI::App& app, Settings& settings) {
  app.add_option("--device", settings.device)
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  app.add_option("--precision", settings.precision,
                 "tf32 on CUDA only; bf16 is autocast")
      ->check(CLI::IsMember(names_in(kPrecisions)));
  app.add_option("--memory-format", settings.memory_format,
                 "auto: channels-last on the CPU and in bf16")
      ->check(CLI::IsMember({"auto", "contiguous", "channels-last"}));
  app.add_option("--threads", settings.threads,
                 "of each run; 0: the cores, shared among the runs")
      ->check(from_to(0, kMostThreads));
}

void add_machine(CLI::App& app, Settings& settings, Command command) {
  add_device(app, settings);
  if (command == Command::kCompare) {
    app.add_option("--jobs", settings.jobs,
                   "runs at a time; 0: as many as there are cores, on CUDA "
                   "all of them")
        ->check(from_to(0, kMostThreads));
  }
  if (settings.by_ranks) {
    app.add_option("--timeout", settings.timeout,
                   "seconds that processes which train together wait for each "
                   "other")
        ->check(from_to(1, kLongestTimeout));
  }
  app.add_option("--out", settings.out, "folder for all results");
  app.add_flag("--resume", settings.resume, "go on with what is in the folder")
      ->configurable(false);
}

/// One group, or a second one without weight decay for BatchNorm and biases:
/// all that has one dimension.
template <typename Optimizer, typename Options>
std::unique_ptr<torch::optim::Optimizer> optimizer_of(
    const Options& options, const Settings& settings,
    std::vector<torch::Tensor> parameters) {
  if (settings.decay_all || settings.weight_decay == 0) {
    return std::make_unique<Optimizer>(std::move(parameters), options);
  }
  const auto vectors = std::stable_partition(
      parameters.begin(), parameters.end(),
      [](const torch::Tensor& parameter) { return parameter.dim() > 1; });
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(std::vector<torch::Tensor>(parameters.begin(), vectors));
  auto without = options;
  without.weight_decay(0);
  groups.emplace_back(std::vector<torch::Tensor>(vectors, parameters.end()),
                      std::make_unique<Options>(without));
  return std::make_unique<Optimizer>(std::move(groups), options);
}

void add_data(CLI::App& app, Settings& settings) {
  app.add_option("--data", settings.data, "folder of the data set");
}

}  // namespace

void add_evaluation_settings(CLI::App& app, Settings& settings) {
  add_data(app, settings);
  add_device(app, settings);
}

void add_settings(CLI::App& app, Settings& settings, Command command) {
  add_data(app, settings);
  add_expansion(app, settings, command);
  add_training(app, settings);
  app.add_option("--select", settings.select,
                 "the epoch whose weights are kept: the best on the validation "
                 "set, the last, or the best on the test set (as the paper "
                 "does; optimistic)")
      ->check(CLI::IsMember(names_in(kSelects)));
  app.add_option("--seed", settings.seed,
                 command == Command::kTrain ? "of everything that is drawn"
                                            : "of the first run");
  if (command == Command::kCompare) {
    app.add_option("--runs", settings.runs, "seeds of each variant")
        ->check(from_to(1, kMostRuns));
  }
  add_machine(app, settings, command);
}

std::int64_t cores_per_rank() {
  const std::int64_t cores = std::thread::hardware_concurrency();
  const auto* processes = std::getenv("LOCAL_WORLD_SIZE");  // torchrun's
  const auto sharing = processes == nullptr ? 1 : std::atoll(processes);
  return std::max<std::int64_t>(1, cores / std::max(sharing, 1LL));
}

void on_first(const Machine& machine, const std::function<void()>& action) {
  if (!machine.ranks) return action();
  std::string error;
  if (machine.is_first()) {
    try {
      action();
    } catch (const std::exception& refused) {
      error = message_of(refused);
    }
  }
  error = machine.ranks->broadcast(error);
  TORCH_CHECK(error.empty(), error);
}

Machine set_up(const Settings& settings, std::int64_t runs) {
  Machine machine;
  const bool has_cuda = torch::cuda::is_available();
  TORCH_CHECK(settings.device != "cuda" || has_cuda,
              "--device: cuda needs a GPU that LibTorch can use, got none; "
              "use cpu");
  const bool cuda = has_cuda && settings.device != "cpu";
  machine.ranks = connect(settings, cuda);
  machine.device = machine.ranks ? machine.ranks->device()
                   : cuda        ? c10::Device(c10::kCUDA, 0)
                                 : c10::Device(c10::kCPU);
  machine.precision = value_in(kPrecisions, settings.precision);
  TORCH_CHECK(machine.precision != train::Precision::kTF32 || cuda,
              "--precision: tf32 needs CUDA, got cpu; use fp32");
  train::set_tf32(machine.precision);
  const bool channels_last =
      settings.memory_format == "auto"
          ? !cuda || machine.precision == train::Precision::kBFloat16
          : settings.memory_format == "channels-last";
  machine.memory_format = channels_last ? c10::MemoryFormat::ChannelsLast
                                        : c10::MemoryFormat::Contiguous;
  const auto cores = cores_per_rank();
  machine.jobs = settings.jobs > 0 ? settings.jobs : cuda ? runs : cores;
  machine.jobs = machine.ranks ? 1 : std::min(machine.jobs, runs);
  const auto share =
      cuda ? cores : std::max<std::int64_t>(1, cores / machine.jobs);
  machine.threads =
      static_cast<int>(settings.threads > 0 ? settings.threads : share);
  at::set_num_threads(machine.threads);
  at::globalContext().setBenchmarkCuDNN(true);
  return machine;
}

train::TrainingOptions training_options(const Settings& settings,
                                        const Machine& machine) {
  train::TrainingOptions options;
  options.epochs = settings.epochs;
  options.device = machine.device;
  options.precision = machine.precision;
  options.schedule = schedule_of(settings);
  options.schedule_per_iteration = settings.per_iteration;
  options.select = value_in(kSelects, settings.select);
  options.ema = settings.ema;
  options.step.max_grad_norm = settings.max_grad_norm;
  options.step.accumulate = settings.accumulate;
  options.ranks = machine.ranks.get();
  options.seed = settings.seed;
  return options;
}

train::DistillationOptions distillation_options(const Settings& settings) {
  return {settings.temperature, settings.distill};
}

std::unique_ptr<torch::optim::Optimizer> make_optimizer(
    const Settings& settings, std::vector<torch::Tensor> parameters) {
  if (settings.optimizer == "adamw") {
    return optimizer_of<train::AdamW>(torch::optim::AdamWOptions(settings.lr)
                                          .weight_decay(settings.weight_decay),
                                      settings, std::move(parameters));
  }
  return optimizer_of<train::SGD>(torch::optim::SGDOptions(settings.lr)
                                      .momentum(settings.momentum)
                                      .nesterov(settings.nesterov)
                                      .weight_decay(settings.weight_decay),
                                  settings, std::move(parameters));
}

}  // namespace expandnet::examples
