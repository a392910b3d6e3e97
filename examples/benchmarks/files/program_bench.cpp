#include <ATen/Parallel.h>
#include <expandnet/data/loading/folder_batches.h>
#include <expandnet/train/training.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "benchmarks/files/bench.h"
#include "benchmarks/files/image_source.h"
#include "benchmarks/step/cases.h"

namespace expandnet::examples::bench {

namespace {

data::FolderBatchOptions batch_options(const FilesArguments& arguments) {
  data::FolderBatchOptions options;
  options.transform = data::TrainTransform{arguments.image_size};
  options.batch_size = arguments.batch;
  options.drop_last = true;
  options.workers = arguments.workers.front();
  return options;
}

Setup setup_of(const FilesArguments& arguments, const std::string& net) {
  Setup setup;
  setup.net = net;
  setup.layout = Layout::kChannelsLast;
  setup.batch = arguments.batch;
  setup.image_size = arguments.image_size;
  return setup;
}

/// Trains as expandnet-imagenet does, an epoch after another.
class Program {
 public:
  Program(const FilesArguments& arguments, const ImageSource& source,
          const Setup& setup)
      : batches_(source.images(), batch_options(arguments), c10::kCPU),
        prepared_(prepare(setup, Way::kWeightSpace)),
        optimizer_(prepared_.expansion->parameters(), sgd_options()),
        training_(parts(), options()) {}

  /// Nothing has been read when it begins.
  void epoch() {
    while (!training_.step()) {
    }
  }

 private:
  [[nodiscard]] train::TrainingParts parts() {
    train::TrainingParts parts;
    parts.model = prepared_.model;
    parts.optimizer = &optimizer_;
    parts.expansion = &*prepared_.expansion;
    parts.training = &batches_;
    return parts;
  }
  [[nodiscard]] static train::TrainingOptions options() {
    train::TrainingOptions options;
    options.epochs = std::numeric_limits<std::int64_t>::max();
    options.select = train::Select::kLast;
    return options;
  }

  data::FolderBatches batches_;
  Prepared prepared_;
  train::SGD optimizer_;
  train::Training training_;
};

}  // namespace

std::vector<Result> bench_program(const FilesArguments& arguments) {
  at::set_num_threads(arguments.threads);
  const ImageSource source(arguments);
  const auto steps = arguments.images / arguments.batch;
  const auto result_of = [&](const std::string& net, const std::string& what,
                             const std::vector<double>& times) {
    Result result;
    result.group = net;
    result.what = what;
    result.ms = quartiles(times);
    result.amount = static_cast<double>(steps * arguments.batch);
    result.unit = "images";
    return result;
  };

  std::vector<Result> results;
  for (const auto& net : arguments.nets) {
    const auto setup = setup_of(arguments, net);
    data::FolderBatches reader(source.images(), batch_options(arguments),
                               c10::kCPU);
    std::int64_t epoch = 0;
    Training resident(setup, Way::kWeightSpace);
    Program program(arguments, source, setup);
    const auto times =
        time_in_turns({[&] {
                         reader.start_epoch(epoch++);
                         for (std::int64_t i = 0; i < steps; ++i) {
                           static_cast<void>(reader.batch(i));
                         }
                       },
                       [&] {
                         for (std::int64_t i = 0; i < steps; ++i)
                           resident.step();
                       },
                       [&] { program.epoch(); }},
                      c10::kCPU, {arguments.rounds, /*warmup=*/1});

    std::vector<double> slower;
    for (std::size_t i = 0; i < times[0].size(); ++i) {
      slower.push_back(std::max(times[0][i], times[1][i]));
    }
    std::vector<Result> rows = {
        result_of(net, "reading alone", times[0]),
        result_of(net, "step on a resident batch", times[1]),
        result_of(net, "from files to update", times[2])};
    rows.back().ratios.emplace_back("of the slower",
                                    median_ratio(slower, times[2]));
    print(rows);
    results.insert(results.end(), rows.begin(), rows.end());
  }
  return results;
}

}  // namespace expandnet::examples::bench
