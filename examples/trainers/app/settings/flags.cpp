#include "trainers/app/settings/flags.h"

#include <CLI/CLI.hpp>

#include "command_line/checks.h"
#include "command_line/named_flag.h"
#include "trainers/app/runs/grid.h"
#include "trainers/app/runs/layer_strategies.h"
#include "trainers/app/settings/configuration.h"

namespace expandnet::examples {

namespace {

constexpr std::int64_t kLongestTimeout = 1000000;  // seconds
constexpr std::int64_t kMostPairs = 1000000;

/// A number; `compare` takes several and chooses one for each variant.
CLI::Option* add_tuned(CLI::App& app, const std::string& name, double& value,
                       std::vector<double>& values,
                       const std::string& description, Command command) {
  if (command == Command::kTrain) {
    return add_number(app, name, value, description);
  }
  if (values.empty()) values = {value};
  return add_numbers(app, name, values,
                     description +
                         "; of several values, compare picks the best for "
                         "each variant");
}

void add_expansion(CLI::App& app, Settings& settings, Command command) {
  // `train` reads several as well, to refuse them: CLI11 would drop all but
  // one.
  app.add_option(
         "--expand", settings.expand,
         std::string(command == Command::kTrain ? "how to expand the net"
                                                : "the nets to compare") +
             "; none: compact; cl, ck: chains of that strategy for "
             "convolutions, fc: for linear layers, +fc: for both; orepa to "
             "ck+rep: sums of branches; paper: as in the paper; default: "
             "what expand() chooses for a net from a file")
      ->expected(1, -1);
  app.add_option(
         "--strategy", settings.strategy,
         "strategy of the layers that match a pattern, in place of "
         "--expand's: PATTERN=fc, cl, ck, orepa, acb, rep, "
         "cl+skip, ck+rep or none; the last pattern that matches a layer "
         "counts")
      ->expected(1, -1)
      ->check(complaint_about_strategy);
  add_tuned(app, "--rate", settings.rate, settings.grid.rate, "expansion rate",
            command)
      ->check(positive());
  add_named(app, "--narrow", settings.narrow, kNarrows,
            "drop the width of chains that makes no difference under sgd; "
            "auto: on for sgd in weight space, and a resumed run keeps its "
            "setting");
  settings.absent["narrow"] = "off";
  add_named(app, "--execution", settings.execution, kExecutions,
            "where chains live: beside the model, or in expanded modules that "
            "fold them or run them over the feature maps");
  add_named(app, "--init", settings.init, kInits,
            "the factors' initial values; twin: those of the nonlinear "
            "twin, trained before (paper, +Init)");
  app.add_option("--twin-epochs", settings.twin_epochs,
                 "epochs of the twin; 0: those of the net")
      ->check(not_negative());
}

void add_teacher(CLI::App& app, Settings& settings) {
  app.add_option("--teacher", settings.teacher,
                 "to distil from: folder of a finished run, or a file of "
                 "TorchScript from Python, NAME.pt");
  add_number(app, "--temperature", settings.temperature,
             "divides the logits of teacher and net before the softmax")
      ->check(positive());
  add_number(app, "--distill", settings.distill,
             "weight of the teacher's part of the loss")
      ->check(share());
}

void add_training(CLI::App& app, Settings& settings, Command command) {
  app.add_option("--epochs", settings.epochs, "passes over the training images")
      ->check(positive());
  app.add_option("--batch-size", settings.batch_size, "images in a batch")
      ->check(positive());
  add_named(app, "--optimizer", settings.optimizer, kOptimizers);
  add_tuned(app, "--lr", settings.lr, settings.grid.lr,
            "learning rate at the start", command)
      ->check(positive());
  add_number(app, "--lr-chains", settings.lr_chains,
             "learning rate of chains, as a multiple of --lr; 0: --lr divided "
             "by each chain's step scale where that is above 1, so that no "
             "chain begins faster than its compact layer")
      ->check(not_negative());
  add_number(app, "--momentum", settings.momentum, "of sgd")->check(share());
  app.add_option("--nesterov", settings.nesterov, "true or false");
  add_tuned(app, "--weight-decay", settings.weight_decay,
            settings.grid.weight_decay,
            "of all parameters; of expanded layers, see --decay-on", command)
      ->check(not_negative());
  app.add_option("--decay-all", settings.decay_all,
                 "false: no weight decay of BatchNorm and biases");
  add_named(app, "--decay-on", settings.decay_on, kDecays,
            "apply the weight decay of expanded layers to their factors, or "
            "to the folded weight");
  add_named(app, "--decay-schedule", settings.decay_schedule, kDecaySchedules,
            "of the weight decay");
  add_number(app, "--decay-last", settings.decay_last,
             "share of --weight-decay that cosine ends with")
      ->check(not_negative());
  if (settings.classifies) {
    add_number(app, "--label-smoothing", settings.label_smoothing)
        ->check(below_one());
  }
  add_number(app, "--ema", settings.ema,
             "decay of a moving average of the compact weights, which is "
             "then evaluated and kept; 0: none")
      ->check(below_one());
  add_named(app, "--schedule", settings.schedule, kSchedules,
            "of the learning rate");
  add_numbers(app, "--milestones", settings.milestones,
              "epochs of the steps; by default " + settings.steps_in_words)
      ->check(finite());
  add_number(app, "--lr-factor", settings.lr_factor, "at each milestone")
      ->check(positive());
  add_number(app, "--lr-last", settings.lr_last,
             "share of --lr that linear and cosine end with")
      ->check(not_negative());
  add_number(app, "--warmup", settings.warmup,
             "epochs of linear warm-up from 0; without --per-iteration the "
             "first epoch trains at a rate of 0")
      ->check(not_negative());
  app.add_option("--per-iteration", settings.per_iteration,
                 "true: the rate changes at each step");
  add_number(app, "--max-grad-norm", settings.max_grad_norm, "0: no clipping")
      ->check(not_negative());
  app.add_option("--accumulate", settings.accumulate, "batches per update")
      ->check(positive());
  if (settings.by_ranks) {
    add_switch(app, "--sync-bn", settings.sync_batch_norm,
               "compute BatchNorm's statistics over the batches of all "
               "processes, not of each by itself");
  }
  if (!settings.classifies) return;
  add_teacher(app, settings);
  app.add_option("--confusion", settings.confusion,
                 "number of pairs of training batches on which gradient "
                 "confusion is measured after each epoch; 0: none. The run "
                 "stays the same")
      ->check(from_to(0, kMostPairs));
}

void add_fine_tuning(CLI::App& app, FineTuning& tuning) {
  app.add_option("--weights", tuning.weights,
                 "file of weights, or folder of a finished run, to start from; "
                 "--init is then preserving unless it is given");
  app.add_option("--weights-key", tuning.weights_key,
                 "entry of a Python checkpoint that holds them");
  add_named(app, "--head", tuning.head, kHeads,
            "the last linear layer, or the last convolution of a net without "
            "one: the file's, or new values; auto: the "
            "file's if it has the size");
  app.add_option("--head-layer", tuning.head_layer,
                 "path of the layer that is the head, where it is another than "
                 "the last");
  app.add_option("--freeze", tuning.freeze,
                 "modules and parameters that keep their values, by their "
                 "paths; * and ? are any letters in a part of one")
      ->expected(1, -1);
  add_number(app, "--lr-head", tuning.lr_head,
             "learning rate of the head, as a multiple of --lr")
      ->check(positive());
}

void add_device(CLI::App& app, Settings& settings) {
  add_named(app, "--device", settings.device, kDevices);
  add_named(app, "--precision", settings.precision, kPrecisions,
            "tf32 on CUDA only; bf16 is autocast");
  add_named(app, "--memory-format", settings.memory_format, kMemoryFormats,
            "auto: channels-last on the CPU and in bf16");
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
  app.add_flag("--resume", settings.resume, "resume the run in --out")
      ->configurable(false);
  app.add_flag("--dry-run", settings.dry_run,
               "show the layers, what a step of their chains costs, and how "
               "long all would take; train and write nothing")
      ->configurable(false);
}

void add_data(CLI::App& app, Settings& settings) {
  app.add_option("--data", settings.data, "folder of the data set");
}

void add_int8(CLI::App& app, Settings& settings) {
  add_named(app, "--int8", settings.int8, kInt8s,
            "evaluate in eight bits, too, with a step for each weight tensor "
            "or for each of its output channels");
}

}  // namespace

void add_evaluation_settings(CLI::App& app, Settings& settings) {
  add_data(app, settings);
  add_int8(app, settings);
  add_device(app, settings);
}

void add_settings(CLI::App& app, Settings& settings, Command command) {
  add_data(app, settings);
  add_expansion(app, settings, command);
  add_training(app, settings, command);
  add_fine_tuning(app, settings.fine_tuning);
  add_named(app, "--select", settings.select, kSelects,
            "the epoch whose weights are kept: the best on the validation "
            "set, the last, or the best on the test set (as the paper "
            "does; optimistic)");
  add_int8(app, settings);
  app.add_option("--seed", settings.seed,
                 command == Command::kTrain ? "of everything that is drawn"
                                            : "of the first run");
  if (command == Command::kCompare) {
    app.add_option("--runs", settings.runs, "seeds of each variant")
        ->check(from_to(1, kMostRuns));
    app.add_option(
           "--tune-seeds", settings.tune_seeds,
           "number of separate seeds with which each of several values is "
           "tried")
        ->check(from_to(1, kMostRuns));
  }
  add_machine(app, settings, command);
}

}  // namespace expandnet::examples
