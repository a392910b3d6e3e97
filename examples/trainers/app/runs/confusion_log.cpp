#include "trainers/app/runs/confusion_log.h"

#include <c10/util/Exception.h>
#include <expandnet/analysis/measure_confusion.h>
#include <expandnet/base/atomic_file.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "base/error.h"
#include "base/read_file.h"
#include "base/splitmix.h"
#include "trainers/app/runs/run_files.h"

namespace expandnet::examples {

namespace {

using Json = nlohmann::ordered_json;

/// Part of the seed of the batches, so that they are others than the run's.
constexpr std::uint64_t kOfConfusion = 0x636f6e6675736564U;

std::string path_in(const std::string& folder) {
  return (std::filesystem::path(folder) / kConfusionFile).string();
}

std::string line_of(const EpochConfusion& confusion) {
  Json object;
  object["epoch"] = confusion.epoch;
  if (!confusion.fold.empty()) object["fold"] = confusion.fold;
  if (!confusion.factors.empty()) object["factors"] = confusion.factors;
  return object.dump() + "\n";
}

/// Numbers; others stand for gradients that were not finite.
std::vector<double> cosines_at(const Json& object, const char* key) {
  std::vector<double> cosines;
  if (!object.contains(key)) return cosines;
  for (const auto& value : object.at(key)) {
    if (value.is_number()) cosines.push_back(value.get<double>());
  }
  return cosines;
}

}  // namespace

std::vector<EpochConfusion> read_confusion(const std::string& folder) {
  std::vector<EpochConfusion> epochs;
  const auto path = path_in(folder);
  if (!std::filesystem::exists(path)) return epochs;
  std::istringstream lines(read_file(path));
  try {
    for (std::string line; std::getline(lines, line);) {
      const auto object = Json::parse(line);
      epochs.push_back({object.at("epoch").get<std::int64_t>(),
                        cosines_at(object, "fold"),
                        cosines_at(object, "factors")});
    }
  } catch (const nlohmann::json::exception& error) {
    TORCH_CHECK(false,
                error_message("--confusion", "the file of a run must be whole",
                              "\"" + path + "\" (" + error.what() + ")",
                              "remove it to go on without these epochs"));
  }
  std::sort(epochs.begin(), epochs.end(),
            [](const auto& a, const auto& b) { return a.epoch < b.epoch; });
  return epochs;
}

ConfusionLog::ConfusionLog(const TrainableModel& trainable, std::string folder,
                           const Settings& settings, const RunContext& context)
    : trainable_(trainable),
      folder_(std::move(folder)),
      pairs_(settings.confusion),
      seed_(splitmix(settings.seed + kOfConfusion)),
      images_(context.images),
      task_(context.task),
      precision_(context.machine.precision) {}

void ConfusionLog::on_epoch(const train::Training& training) {
  if (batches_ == nullptr) {
    batches_ = images_.run_data(seed_).training;
  }
  analysis::ConfusionOptions options;
  options.pairs = pairs_;
  options.epoch = training.epoch() - 1;
  options.precision = precision_;
  auto measured =
      analysis::measure_confusion(trainable_.model, trainable_.expansion.get(),
                                  task_.loss, *batches_, options);
  EpochConfusion confusion;
  confusion.epoch = training.epoch();
  confusion.fold = std::move(measured.model);
  confusion.factors = std::move(measured.factors);
  // What expanded modules train are the factors.
  if (trainable_.has_chains && !trainable_.expansion) {
    std::swap(confusion.fold, confusion.factors);
  }
  std::string text;
  for (const auto& before : read_confusion(folder_)) {
    if (before.epoch < confusion.epoch) text += line_of(before);
  }
  write_file_atomically(path_in(folder_), text + line_of(confusion));
}

}  // namespace expandnet::examples
