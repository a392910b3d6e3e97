#include "trainers/app/report/run_result.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace expandnet::examples {

namespace {

using Json = nlohmann::ordered_json;

template <typename Value>
Json json_of(const std::optional<Value>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

void add_score(Json& object, const std::string& set,
               const std::optional<train::Score>& score) {
  object[set + "_loss"] = score ? Json(score->loss) : Json(nullptr);
  object[set + "_accuracy"] = score ? Json(score->accuracy) : Json(nullptr);
  object[set + "_top5"] = score ? Json(score->top5) : Json(nullptr);
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

std::optional<train::Score> score_at(const Json& object,
                                     const std::string& set) {
  const auto loss = real_or_null(object, set + "_loss");
  const auto accuracy = real_or_null(object, set + "_accuracy");
  const auto top5 = real_or_null(object, set + "_top5");
  if (!loss || !accuracy || !top5) return std::nullopt;
  return train::Score{*loss, *accuracy, *top5};
}

LayerReport layer_from(const Json& object) {
  LayerReport layer;
  layer.path = object.at("path");
  const std::string chain = object.at("chain");
  const auto space = std::min(chain.find(' '), chain.size());
  layer.strategy = chain.substr(0, space);
  layer.widths = chain.substr(std::min(space + 1, chain.size()));
  layer.parameters_before = count_at(object, "train_parameters");
  layer.parameters_after = count_at(object, "deploy_parameters");
  layer.error_fp64 = real_at(object, "error_fp64");
  layer.error_dtype = real_at(object, "error");
  layer.dtype = object.at("dtype");
  return layer;
}

train::EpochRecord epoch_from(const Json& object) {
  train::EpochRecord record;
  record.epoch = count_at(object, "epoch");
  record.learning_rate = real_at(object, "learning_rate");
  record.training = score_at(object, "training").value_or(train::Score{});
  record.validation = score_at(object, "validation");
  record.test = score_at(object, "test");
  record.seconds = real_at(object, "seconds");
  return record;
}

RunResult result_from(const Json& object) {
  RunResult result;
  result.recipe = object.at("name");
  result.seed = unsigned_at(object, "seed");
  result.state = object.at("state");
  result.train_parameters = count_at(object, "train_parameters");
  result.deploy_parameters = count_at(object, "deploy_parameters");
  result.chosen_epoch = count_at(object, "chosen_epoch");
  result.validation_accuracy = real_or_null(object, "validation_accuracy");
  result.test_accuracy = real_or_null(object, "test_accuracy");
  result.test_top5 = real_or_null(object, "test_top5");
  for (const auto& layer : object.at("layers")) {
    result.layers.push_back(layer_from(layer));
  }
  for (const auto& epoch : object.at("epochs")) {
    result.epochs.push_back(epoch_from(epoch));
  }
  return result;
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
  object["epoch"] = record.epoch;
  object["learning_rate"] = record.learning_rate;
  add_score(object, "training", record.training);
  add_score(object, "validation", record.validation);
  add_score(object, "test", record.test);
  object["seconds"] = record.seconds;
  return object;
}

Json to_json(const LayerReport& layer) {
  return {{"path", layer.path},
          {"chain", layer.strategy + " " + layer.widths},
          {"train_parameters", layer.parameters_before},
          {"deploy_parameters", layer.parameters_after},
          {"error_fp64", layer.error_fp64},
          {"error", layer.error_dtype},
          {"dtype", layer.dtype}};
}

Json to_json(const RunResult& result) {
  Json object;
  object["name"] = result.recipe;
  object["seed"] = result.seed;
  object["state"] = result.state;
  object["train_parameters"] = result.train_parameters;
  object["deploy_parameters"] = result.deploy_parameters;
  object["chosen_epoch"] = result.chosen_epoch;
  object["validation_accuracy"] = json_of(result.validation_accuracy);
  object["test_accuracy"] = json_of(result.test_accuracy);
  object["test_top5"] = json_of(result.test_top5);
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
