#include <ATen/Parallel.h>
#include <expandnet/data/loading/box_batches.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/files/bench.h"
#include "benchmarks/files/box_source.h"
#include "benchmarks/files/one_core.h"
#include "benchmarks/files/torchvision.h"
#include "torchvision_boxes.h"

namespace expandnet::examples::bench {

namespace {

/// Epochs of BoxBatches, read by one thread.
class OurBoxes {
 public:
  OurBoxes(const FilesArguments& arguments, const BoxSource& source) {
    data::BoxBatchOptions options;
    options.size = arguments.image_size;
    options.batch_size = arguments.batch;
    options.workers = 1;
    const OneCore one_core;
    batches_ =
        std::make_unique<data::BoxBatches>(source.set(), options, c10::kCPU);
  }

  void epoch() {
    const OneCore one_core;
    batches_->start_epoch(epoch_++);
    for (std::int64_t i = 0; i < batches_->size(); ++i) {
      static_cast<void>(batches_->batch(i));
    }
  }

 private:
  std::int64_t epoch_ = 0;
  std::unique_ptr<data::BoxBatches> batches_;
};

}  // namespace

std::vector<Result> bench_boxes(const FilesArguments& arguments) {
  at::set_num_threads(1);
  const BoxSource source(arguments);
  std::vector<std::string> names = {"expandnet"};
  OurBoxes ours(arguments, source);
  std::vector<std::function<void()>> contestants = {[&] { ours.epoch(); }};
  for (const auto* decoder : {"tensor", "pil"}) {
    if (arguments.python.empty()) break;
    const auto rival = std::make_shared<Torchvision>(
        arguments.python, kTorchvisionBoxes,
        std::vector<std::string>{source.list(), std::to_string(arguments.batch),
                                 std::to_string(arguments.image_size),
                                 decoder});
    names.push_back(std::string("torchvision v2, ") + decoder);
    contestants.emplace_back(
        [rival, count = arguments.images] { rival->read_epoch(count); });
  }
  TimingOptions timing;
  timing.rounds = arguments.rounds;
  timing.warmup = 1;
  const auto times = time_in_turns(contestants, c10::kCPU, timing);
  std::vector<Result> results;
  for (std::size_t i = 0; i < names.size(); ++i) {
    Result result;
    result.group = "boxes";
    result.what = names[i];
    result.ms = quartiles(times[i]);
    result.amount = static_cast<double>(arguments.images);
    result.unit = "images";
    results.push_back(std::move(result));
  }
  for (std::size_t i = 1; i < names.size(); ++i) {
    results[0].ratios.emplace_back("x " + names[i],
                                   median_ratio(times[i], times[0]));
  }
  return results;
}

}  // namespace expandnet::examples::bench
