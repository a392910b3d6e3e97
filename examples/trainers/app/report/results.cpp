#include "trainers/app/report/results.h"

#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/table.h"
#include "base/text.h"
#include "report_template.h"
#include "trainers/app/report/comparison.h"
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

std::string label_of(const VariantResult& variant) {
  return variant.recipe == "none" ? "compact" : variant.recipe;
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

bool has_int8(const VariantResult& variant) {
  return std::any_of(variant.runs.begin(), variant.runs.end(),
                     [](const auto& run) { return run.int8.has_value(); });
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

Json json_of(const Tuning& tuning, const tasks::Metric& metric) {
  if (tuning.trials.empty()) return nullptr;
  Json object;
  object["chosen"] = Json::object();
  if (tuning.chosen) {
    for (const auto& [name, value] : tuning.trials[*tuning.chosen].values) {
      object["chosen"][name] = value;
    }
  }
  object["seeds"] = tuning.seeds;
  object["trials"] = Json::array();
  for (const auto& trial : tuning.trials) {
    Json one;
    for (const auto& [name, value] : trial.values) one[name] = value;
    auto& scores = one["validation_" + metric.name];
    scores = Json::array();
    for (const auto& score : trial.scores) scores.push_back(or_null(score));
    object["trials"].push_back(one);
  }
  object["warnings"] = edge_warnings(tuning);
  return object;
}

Json json_of(const std::optional<Comparison>& comparison,
             const tasks::Metric& metric) {
  if (!comparison) return nullptr;
  const auto& difference = comparison->difference;
  Json object;
  object["metric"] = comparison->set + "_" + metric.name;
  object["n"] = difference.n;
  object["mean"] = difference.mean;
  object["confidence"] = kConfidence;
  object["low"] = or_null(difference.low);
  object["high"] = or_null(difference.high);
  object["p"] = or_null(difference.p);
  object["p_holm"] = or_null(comparison->adjusted);
  object["variants"] = comparison->variants;
  object["verdict"] = verdict(*comparison, metric);
  return object;
}

Json variant_json(const VariantResult& variant,
                  const std::vector<tasks::Metric>& shown) {
  Json object;
  object["name"] = variant.recipe;
  object["label"] = label_of(variant);
  object["tuning"] = json_of(variant.tuning, shown.front());
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
    if (has_int8(variant)) {
      object["int8_" + name] = over_runs(variant, &RunResult::int8, name);
    }
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
  // Of no pixels, say, there is no share.
  if (metric.share && std::isnan(value)) return "-";
  return metric.share ? fmt::format("{:.2f}%", 100 * value)
                      : fmt::format("{:.4f}", value);
}

Json head_json(const ReportHeader& header) {
  Json object;
  object["title"] = header.title;
  object["program"] = header.program;
  object["version"] = header.version;
  object["libtorch"] = TORCH_VERSION;
  object["device"] = header.device;
  object["threads"] = header.threads;
  object["date"] = local_time();
  object["command"] = header.command;
  object["notes"] = header.notes;
  object["configuration"] = Json::object();
  for (const auto& [key, value] : keys_and_values(header.configuration)) {
    object["configuration"][key] = value;
  }
  object["metrics"] = Json::array();
  for (const auto& metric : header.metrics) {
    object["metrics"].push_back({{"name", metric.name},
                                 {"label", metric.label},
                                 {"share", metric.share}});
  }
  object["class_names"] = header.class_names;
  return object;
}

Json results_json(const ReportHeader& header,
                  const std::vector<VariantResult>& variants) {
  auto object = head_json(header);
  object["variants"] = Json::array();
  const auto& selecting = header.metrics.front();
  const auto comparisons = compare_to_compact(variants, selecting);
  for (std::size_t i = 0; i < variants.size(); ++i) {
    object["variants"].push_back(variant_json(variants[i], header.metrics));
    object["variants"].back()["difference_to_compact"] =
        json_of(comparisons[i], selecting);
  }
  return object;
}

std::string classes_table(const tasks::ClassScores& scores,
                          const std::vector<std::string>& names) {
  const auto& metric = scores.metric;
  std::vector<std::vector<std::string>> rows;
  for (std::size_t label = 0; label < scores.classes.size(); ++label) {
    const auto& value = scores.classes[label].value;
    rows.push_back(
        {label < names.size() ? printable(names[label]) : std::to_string(label),
         value ? fmt::format("{:.2f}", (metric.share ? 100 : 1) * *value)
               : "-"});
  }
  TableOptions options;
  options.left_columns = 1;
  options.rule = false;
  return render_table({"class", metric.label + (metric.share ? " %" : "")},
                      rows, options);
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
  const bool in_int8 = std::any_of(variants.begin(), variants.end(), has_int8);
  if (in_int8) header.push_back("int8" + unit(metrics.front()));
  header.emplace_back("contraction error");
  const bool has_choice = std::any_of(
      variants.begin(), variants.end(),
      [](const auto& variant) { return variant.tuning.chosen.has_value(); });
  if (has_choice) header.emplace_back("chosen");
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
    if (in_int8) {
      rows.back().push_back(has_int8(variant) ? spread("int8_", metrics.front())
                                              : "-");
    }
    rows.back().push_back(format("contraction_error", "{:.1e}"));
    if (!has_choice) continue;
    const auto& tuning = variant.tuning;
    rows.back().push_back(
        tuning.chosen ? in_words(tuning.trials[*tuning.chosen].values) : "-");
  }
  return render_table(header, rows, {/*left_columns=*/1, /*rule=*/false});
}

std::string differences_in_words(const std::vector<VariantResult>& variants,
                                 const tasks::Metric& metric) {
  const auto comparisons = compare_to_compact(variants, metric);
  std::string lines;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    if (!comparisons[i]) continue;
    lines += fmt::format("{} minus compact, {} {}: {}\n", label_of(variants[i]),
                         comparisons[i]->set, metric.label,
                         verdict(*comparisons[i], metric));
  }
  return lines;
}

std::string tuning_table(const std::vector<VariantResult>& variants,
                         const tasks::Metric& metric) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& variant : variants) {
    const auto& tuning = variant.tuning;
    for (std::size_t i = 0; i < tuning.trials.size(); ++i) {
      const auto& trial = tuning.trials[i];
      std::vector<double> scores;
      for (const auto& score : trial.scores) {
        if (score) scores.push_back(*score);
      }
      rows.push_back({label_of(variant), in_words(trial.values),
                      mean_and_deviation(scores, metric),
                      tuning.chosen == i ? "*" : ""});
    }
  }
  if (rows.empty()) return "";
  return render_table(
      {"variant", "tried", metric.share ? "validation % (n)" : "validation (n)",
       "chosen"},
      rows, {/*left_columns=*/2, /*rule=*/false});
}

std::string page_with(const char* page, const Json& data) {
  // Nothing in the data may end the script element that holds it.
  std::string text;
  for (const auto letter : text_of(data)) {
    text += letter == '<' ? std::string("\\u003c") : std::string(1, letter);
  }
  std::string filled = page;
  const std::string placeholder = "@REPORT_DATA@";
  return filled.replace(filled.find(placeholder), placeholder.size(), text);
}

std::string report_html(const ReportHeader& header,
                        const std::vector<VariantResult>& variants) {
  auto data = results_json(header, variants);
  for (std::size_t i = 0; i < variants.size(); ++i) {
    auto& runs = data["variants"][i]["runs"];
    runs = Json::array();
    for (const auto& run : variants[i].runs) runs.push_back(to_json(run));
  }
  return page_with(kReportTemplate, data);
}

}  // namespace expandnet::examples
