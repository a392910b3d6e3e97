#include <ATen/Parallel.h>
#include <expandnet/data/loading/folder_batches.h>
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/files/bench.h"
#include "benchmarks/files/image_source.h"
#include "benchmarks/files/one_core.h"
#include "benchmarks/files/torchvision.h"
#include "torchvision_loader.h"

namespace expandnet::examples::bench {

namespace {

struct Workers {
  int count = 1;
  bool one_core = false;
};

std::string words(const Workers& workers) {
  return fmt::format("{} worker{}{}", workers.count,
                     workers.count == 1 ? "" : "s",
                     workers.one_core ? ", one core" : "");
}

/// Epochs of FolderBatches.
class Ours {
 public:
  Ours(const FilesArguments& arguments, const ImageSource& source,
       const Workers& workers)
      : one_core_(workers.one_core) {
    data::FolderBatchOptions options;
    options.transform = data::TrainTransform{arguments.image_size};
    options.batch_size = arguments.batch;
    options.workers = workers.count;
    const auto pinned = pin();
    batches_ = std::make_unique<data::FolderBatches>(source.images(), options,
                                                     c10::kCPU);
  }

  void epoch() {
    const auto pinned = pin();
    batches_->start_epoch(epoch_++);
    for (std::int64_t i = 0; i < batches_->size(); ++i) {
      static_cast<void>(batches_->batch(i));
    }
  }

 private:
  [[nodiscard]] std::unique_ptr<OneCore> pin() const {
    return one_core_ ? std::make_unique<OneCore>() : nullptr;
  }

  bool one_core_;
  std::int64_t epoch_ = 0;
  std::unique_ptr<data::FolderBatches> batches_;
};

/// On one core torchvision is at its best without another process.
std::vector<std::string> words_for_python(const FilesArguments& arguments,
                                          const ImageSource& source,
                                          const Workers& workers) {
  return {source.folder().string(),
          std::to_string(workers.one_core ? 0 : workers.count),
          std::to_string(arguments.batch), std::to_string(arguments.image_size),
          workers.one_core ? "1" : "0"};
}

}  // namespace

std::vector<Result> bench_loader(const FilesArguments& arguments) {
  at::set_num_threads(1);
  const ImageSource source(arguments);
  std::vector<Workers> settings = {{1, /*one_core=*/true}};
  for (const auto count : arguments.workers) settings.push_back({count});

  std::vector<Result> results;
  std::vector<std::function<void()>> contestants;
  const auto add = [&](const std::string& what, std::function<void()> epoch) {
    Result result;
    result.group = "loader";
    result.what = what;
    result.amount = static_cast<double>(arguments.images);
    result.unit = "images";
    results.push_back(result);
    contestants.push_back(std::move(epoch));
  };
  for (const auto& workers : settings) {
    const auto ours = std::make_shared<Ours>(arguments, source, workers);
    add("expandnet, " + words(workers), [ours] { ours->epoch(); });
  }
  const auto first_of_torchvision = contestants.size();
  for (const auto& workers : settings) {
    if (arguments.python.empty()) break;
    const auto python = std::make_shared<Torchvision>(
        arguments.python, kTorchvisionLoader,
        words_for_python(arguments, source, workers));
    add("torchvision, " + words(workers),
        [python, count = arguments.images] { python->read_epoch(count); });
  }

  const auto times =
      time_in_turns(contestants, c10::kCPU, {arguments.rounds, /*warmup=*/1});
  // Of the times of slower ones: how many times as many images a second.
  for (std::size_t i = 0; i < results.size(); ++i) {
    auto& result = results[i];
    result.ms = quartiles(times[i]);
    const bool ours = i < first_of_torchvision;
    if (ours && i > 1) {
      result.ratios.emplace_back("x " + words(settings[1]),
                                 median_ratio(times[1], times[i]));
    }
    const auto rival = first_of_torchvision + i;
    if (ours && rival < times.size()) {
      result.ratios.emplace_back("x torchvision",
                                 median_ratio(times[rival], times[i]));
    }
  }
  return results;
}

}  // namespace expandnet::examples::bench
