#include "trainers/app/report/results.h"

#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/table.h"
#include "report_template.h"
#include "trainers/app/settings/configuration.h"

namespace expandnet::examples {

namespace {

using Json = nlohmann::ordered_json;

template <typename Value>
Json or_null(const std::optional<Value>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

std::optional<double> number_at(const Json& object, const char* key) {
  const auto& value = object.at(key);
  if (value.is_null()) return std::nullopt;
  return value.get<double>();
}

/// A metric of every run, null where it is not known.
Json over_runs(const VariantResult& variant,
               std::optional<tasks::Metrics> RunResult::*set,
               const std::string& name) {
  auto values = Json::array();
  for (const auto& run : variant.runs) {
    const auto& metrics = run.*set;
    values.push_back(or_null(metrics ? metrics->find(name) : std::nullopt));
  }
  return values;
}

/// The names of all metrics that a run has, and of those that are shown.
std::vector<std::string> metric_names(const VariantResult& variant,
                                      const std::vector<tasks::Metric>& shown) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  };
  for (const auto& metric : shown) add(metric.name);
  for (const auto& run : variant.runs) {
    for (const auto* metrics : {&run.validation, &run.test}) {
      if (!*metrics) continue;
      for (const auto& [name, value] : **metrics) add(name);
    }
  }
  return names;
}

Json variant_json(const VariantResult& variant,
                  const std::vector<tasks::Metric>& shown) {
  Json object;
  object["name"] = variant.recipe;
  object["label"] = variant.recipe == "none" ? "compact" : variant.recipe;
  // A run that was not begun, or not finished, does not know all of this.
  const auto known = [&](std::int64_t RunResult::*count) {
    std::int64_t largest = 0;
    for (const auto& run : variant.runs) {
      largest = std::max(largest, run.*count);
    }
    return largest > 0 ? Json(largest) : Json(nullptr);
  };
  object["train_parameters"] = known(&RunResult::train_parameters);
  object["kept_parameters"] = nullptr;  // where all are
  for (const auto& run : variant.runs) {
    if (run.kept_parameters) object["kept_parameters"] = *run.kept_parameters;
  }
  object["deploy_parameters"] = known(&RunResult::deploy_parameters);
  object["step_ms"] = variant.step_ms > 0 ? Json(variant.step_ms) : nullptr;
  object["ratio_to_compact"] =
      variant.ratio_to_compact > 0 ? Json(variant.ratio_to_compact) : nullptr;
  object["seeds"] = Json::array();
  for (const auto& run : variant.runs) object["seeds"].push_back(run.seed);
  for (const auto& name : metric_names(variant, shown)) {
    object["validation_" + name] =
        over_runs(variant, &RunResult::validation, name);
    object["test_" + name] = over_runs(variant, &RunResult::test, name);
  }
  std::optional<double> error;
  for (const auto& run : variant.runs) {
    const auto of_run = run.contraction_error();
    if (of_run) error = std::max(error.value_or(0), *of_run);
  }
  object["contraction_error"] = or_null(error);
  object["layers"] = Json::array();
  for (const auto& run : variant.runs) {
    if (run.layers.empty()) continue;
    for (const auto& layer : run.layers) {
      object["layers"].push_back(to_json(layer));
    }
    break;
  }
  return object;
}

std::vector<double> present(const Json& values) {
  std::vector<double> numbers;
  for (const auto& value : values) {
    if (!value.is_null()) numbers.push_back(value.get<double>());
  }
  return numbers;
}

/// "86.11 ± 0.38 (5)"; shares in percent.
std::string mean_and_deviation(const std::vector<double>& values,
                               const tasks::Metric& metric) {
  if (values.empty()) return "-";
  const double factor = metric.share ? 100 : 1;
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const auto value : values) sum += value;
  const auto mean = sum / n;
  if (values.size() == 1) return fmt::format("{:.2f} (1)", factor * mean);
  double squares = 0;
  for (const auto value : values) squares += (value - mean) * (value - mean);
  return fmt::format("{:.2f} ± {:.2f} ({})", factor * mean,
                     factor * std::sqrt(squares / (n - 1)), values.size());
}

std::string local_time() {
  const auto now =
      std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  localtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &parts);
  return text;
}

}  // namespace

std::string shown(const tasks::Metrics& metrics, const tasks::Metric& metric) {
  const auto value = metrics.at(metric.name);
  return metric.share ? fmt::format("{:.2f}%", 100 * value)
                      : fmt::format("{:.4f}", value);
}

Json results_json(const Occasion& occasion,
                  const std::vector<VariantResult>& variants) {
  Json object;
  object["title"] = occasion.title;
  object["program"] = occasion.program;
  object["version"] = occasion.version;
  object["libtorch"] = TORCH_VERSION;
  object["device"] = occasion.device;
  object["threads"] = occasion.threads;
  object["date"] = local_time();
  object["command"] = occasion.command;
  object["notes"] = occasion.notes;
  object["configuration"] = Json::object();
  for (const auto& [key, value] : keys_and_values(occasion.configuration)) {
    object["configuration"][key] = value;
  }
  object["metrics"] = Json::array();
  for (const auto& metric : occasion.metrics) {
    object["metrics"].push_back({{"name", metric.name},
                                 {"label", metric.label},
                                 {"share", metric.share}});
  }
  object["variants"] = Json::array();
  for (const auto& variant : variants) {
    object["variants"].push_back(variant_json(variant, occasion.metrics));
  }
  return object;
}

std::string results_table(const std::vector<VariantResult>& variants,
                          const std::vector<tasks::Metric>& metrics) {
  const auto unit = [](const tasks::Metric& metric) {
    return std::string(metric.share ? " % (n)" : " (n)");
  };
  std::vector<std::string> header = {"variant",
                                     "parameters trained",
                                     "deployed",
                                     "ms/step",
                                     "x compact",
                                     "validation" + unit(metrics.front()),
                                     "test" + unit(metrics.front())};
  for (std::size_t i = 1; i < metrics.size(); ++i) {
    header.push_back(metrics[i].label + unit(metrics[i]));
  }
  header.emplace_back("contraction error");
  std::vector<std::vector<std::string>> rows;
  for (const auto& variant : variants) {
    const auto object = variant_json(variant, metrics);
    const auto format = [&](const char* key, const char* how) {
      const auto value = number_at(object, key);
      return value ? fmt::format(fmt::runtime(how), *value) : std::string("-");
    };
    const auto count = [&](const char* key) -> std::optional<std::int64_t> {
      if (object[key].is_null()) return std::nullopt;
      return object[key].get<std::int64_t>();
    };
    const auto spread = [&](const char* set, const tasks::Metric& metric) {
      return mean_and_deviation(present(object[set + metric.name]), metric);
    };
    rows.push_back(
        {object["label"],
         grouped(count("train_parameters"), count("kept_parameters")),
         grouped(count("deploy_parameters")), format("step_ms", "{:.2f}"),
         format("ratio_to_compact", "{:.2f}"),
         spread("validation_", metrics.front())});
    for (const auto& metric : metrics) {
      rows.back().push_back(spread("test_", metric));
    }
    rows.back().push_back(format("contraction_error", "{:.1e}"));
  }
  return render_table(header, rows, {/*left_columns=*/1, /*rule=*/false});
}

std::string report_html(const Occasion& occasion,
                        const std::vector<VariantResult>& variants) {
  auto data = results_json(occasion, variants);
  for (std::size_t i = 0; i < variants.size(); ++i) {
    auto& runs = data["variants"][i]["runs"];
    runs = Json::array();
    for (const auto& run : variants[i].runs) runs.push_back(to_json(run));
  }
  // Nothing in the data may end the script element that holds it.
  std::string text;
  for (const auto letter : text_of(data)) {
    text += letter == '<' ? std::string("\\u003c") : std::string(1, letter);
  }
  std::string page = kReportTemplate;
  const std::string placeholder = "@REPORT_DATA@";
  return page.replace(page.find(placeholder), placeholder.size(), text);
}

}  // namespace expandnet::examples
