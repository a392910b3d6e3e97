#include "trainers/app/report/run_result.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace expandnet::examples {

namespace {

using Json = nlohmann::ordered_json;

template <typename Value>
Json json_of(const std::optional<Value>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

// The library converts between kinds of numbers, whether they fit or not.

[[noreturn]] void refuse(const std::string& key, const std::string& rule,
                         const Json& value) {
  throw std::runtime_error(key + " must be " + rule + ", got a value of type " +
                           value.type_name());
}

std::uint64_t unsigned_at(const Json& object, const char* key) {
  const auto& value = object.at(key);
  if (!value.is_number_unsigned()) refuse(key, "a count", value);
  return value.get<std::uint64_t>();
}

std::int64_t count_at(const Json& object, const char* key) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  const auto count = unsigned_at(object, key);
  if (count > kMost) {
    throw std::runtime_error(std::string(key) + " must be at most " +
                             std::to_string(kMost) + ", got " +
                             std::to_string(count));
  }
  return static_cast<std::int64_t>(count);
}

/// Files from before chains could be narrowed have no such key.
std::optional<std::int64_t> count_or_nothing(const Json& object,
                                             const char* key) {
  if (!object.contains(key) || object.at(key).is_null()) return std::nullopt;
  return count_at(object, key);
}

std::optional<double> real_or_null(const Json& object, const std::string& key) {
  const auto& value = object.at(key);
  if (value.is_null()) return std::nullopt;
  if (!value.is_number()) refuse(key, "a number", value);
  return value.get<double>();
}

double real_at(const Json& object, const std::string& key) {
  const auto number = real_or_null(object, key);
  if (!number) refuse(key, "a number", nullptr);
  return *number;
}

/// All numbers of an object, and its nulls.
train::NamedNumbers numbers_in(const Json& object) {
  train::NamedNumbers numbers;
  for (const auto& [key, value] : object.items()) {
    if (!value.is_null() && !value.is_number()) continue;
    numbers.emplace_back(key, value.is_null()
                                  ? std::nullopt
                                  : std::optional<double>(value.get<double>()));
  }
  return numbers;
}

/// The metrics whose keys begin with "test_", say.
std::optional<tasks::Metrics> metrics_at(const Json& object,
                                         const std::string& set) {
  tasks::Metrics metrics;
  for (const auto& [key, value] : object.items()) {
    if (key.compare(0, set.size(), set) != 0) continue;
    const auto number = real_or_null(object, key);
    if (number) metrics.set(key.substr(set.size()), *number);
  }
  if (metrics.empty()) return std::nullopt;
  return metrics;
}

LayerReport layer_from(const Json& object) {
  LayerReport layer;
  layer.path = object.at("path");
  const std::string chain = object.at("chain");
  const auto space = std::min(chain.find(' '), chain.size());
  layer.strategy = chain.substr(0, space);
  layer.widths = chain.substr(std::min(space + 1, chain.size()));
  layer.parameters_before = count_at(object, "train_parameters");
  layer.parameters_kept = count_or_nothing(object, "kept_parameters");
  layer.parameters_after = count_at(object, "deploy_parameters");
  layer.error_fp64 = real_at(object, "error_fp64");
  layer.error_dtype = real_at(object, "error");
  layer.dtype = object.at("dtype");
  return layer;
}

train::EpochRecord epoch_from(const Json& object) {
  auto record = train::record_of(numbers_in(object));
  record.epoch = count_at(object, "epoch");
  return record;
}

tasks::ClassScores classes_from(const Json& object) {
  tasks::ClassScores scores;
  scores.metric.name = object.at("name");
  scores.metric.label = object.at("label");
  scores.metric.share = object.at("share");
  scores.x = object.at("x");
  scores.y = object.at("y");
  for (const auto& one : object.at("classes")) {
    tasks::ClassScore score;
    score.value = real_or_null(one, "value");
    for (const auto& height : one.at("curve")) {
      if (!height.is_number()) refuse("curve", "numbers", height);
      score.curve.push_back(height.get<double>());
    }
    scores.classes.push_back(std::move(score));
  }
  return scores;
}

RunResult result_from(const Json& object) {
  RunResult result;
  result.recipe = object.at("name");
  result.seed = unsigned_at(object, "seed");
  result.state = object.at("state");
  result.train_parameters = count_at(object, "train_parameters");
  result.kept_parameters = count_or_nothing(object, "kept_parameters");
  result.deploy_parameters = count_at(object, "deploy_parameters");
  result.chosen_epoch = count_at(object, "chosen_epoch");
  result.validation = metrics_at(object, "validation_");
  result.test = metrics_at(object, "test_");
  result.int8 = metrics_at(object, "int8_");
  if (object.contains("classes")) {
    result.classes = classes_from(object.at("classes"));
  }
  for (const auto& layer : object.at("layers")) {
    result.layers.push_back(layer_from(layer));
  }
  for (const auto& epoch : object.at("epochs")) {
    result.epochs.push_back(epoch_from(epoch));
  }
  return result;
}

/// Nulls, by the names of the first epoch, where there are no metrics.
void add_metrics(Json& object, const std::string& set,
                 const std::optional<tasks::Metrics>& metrics,
                 const RunResult& result) {
  tasks::Metrics names;
  if (!result.epochs.empty()) names = result.epochs.front().training;
  for (const auto& [name, value] : metrics.value_or(names)) {
    object[set + name] = metrics ? Json(value) : Json(nullptr);
  }
}

}  // namespace

std::optional<double> RunResult::contraction_error() const {
  std::optional<double> largest;
  for (const auto& layer : layers) {
    largest = std::max(largest.value_or(0), layer.error_fp64);
  }
  return largest;
}

Json to_json(const train::EpochRecord& record) {
  Json object;
  for (const auto& [name, value] : train::numbers_of(record)) {
    object[name] = json_of(value);
  }
  object["epoch"] = record.epoch;  // in its place, as an integer
  return object;
}

Json to_json(const LayerReport& layer) {
  return {{"path", layer.path},
          {"chain", layer.strategy + " " + layer.widths},
          {"train_parameters", layer.parameters_before},
          {"kept_parameters", json_of(layer.parameters_kept)},
          {"deploy_parameters", layer.parameters_after},
          {"error_fp64", layer.error_fp64},
          {"error", layer.error_dtype},
          {"dtype", layer.dtype}};
}

Json to_json(const tasks::ClassScores& scores) {
  Json object = {{"name", scores.metric.name},
                 {"label", scores.metric.label},
                 {"share", scores.metric.share},
                 {"x", scores.x},
                 {"y", scores.y},
                 {"classes", Json::array()}};
  for (const auto& [value, curve] : scores.classes) {
    object["classes"].push_back({{"value", json_of(value)}, {"curve", curve}});
  }
  return object;
}

Json to_json(const RunResult& result) {
  Json object;
  object["name"] = result.recipe;
  object["seed"] = result.seed;
  object["state"] = result.state;
  object["train_parameters"] = result.train_parameters;
  object["kept_parameters"] = json_of(result.kept_parameters);
  object["deploy_parameters"] = result.deploy_parameters;
  object["chosen_epoch"] = result.chosen_epoch;
  add_metrics(object, "validation_", result.validation, result);
  add_metrics(object, "test_", result.test, result);
  if (result.int8) add_metrics(object, "int8_", result.int8, result);
  if (result.classes) object["classes"] = to_json(*result.classes);
  object["contraction_error"] = json_of(result.contraction_error());
  object["layers"] = Json::array();
  for (const auto& layer : result.layers) {
    object["layers"].push_back(to_json(layer));
  }
  object["epochs"] = Json::array();
  for (const auto& record : result.epochs) {
    object["epochs"].push_back(to_json(record));
  }
  return object;
}

bool all_ended(const std::vector<RunResult>& results) {
  return std::all_of(results.begin(), results.end(), has_ended);
}

std::string text_of(const Json& object, int indent) {
  return object.dump(indent, ' ', /*ensure_ascii=*/false,
                     Json::error_handler_t::replace);
}

RunResult read_run_result(const std::string& text) {
  try {
    return result_from(Json::parse(text));
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(error.what());
  }
}

}  // namespace expandnet::examples
