#include "trainers/app/report/results.h"

#include <fmt/format.h>
#include <torch/version.h>

#include <chrono>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

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

Json variant_json(const VariantResult& variant) {
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
  object["deploy_parameters"] = known(&RunResult::deploy_parameters);
  object["step_ms"] = variant.step_ms > 0 ? Json(variant.step_ms) : nullptr;
  object["ratio_to_compact"] =
      variant.ratio_to_compact > 0 ? Json(variant.ratio_to_compact) : nullptr;
  object["seeds"] = Json::array();
  object["validation_accuracy"] = Json::array();
  object["test_accuracy"] = Json::array();
  object["test_top5"] = Json::array();
  std::optional<double> error;
  for (const auto& run : variant.runs) {
    object["seeds"].push_back(run.seed);
    object["validation_accuracy"].push_back(or_null(run.validation_accuracy));
    object["test_accuracy"].push_back(or_null(run.test_accuracy));
    object["test_top5"].push_back(or_null(run.test_top5));
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

/// "86.11 ± 0.38 (5)", in percent.
std::string mean_and_deviation(const std::vector<double>& values) {
  if (values.empty()) return "-";
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const auto value : values) sum += value;
  const auto mean = sum / n;
  if (values.size() == 1) return fmt::format("{:.2f} (1)", 100 * mean);
  double squares = 0;
  for (const auto value : values) squares += (value - mean) * (value - mean);
  return fmt::format("{:.2f} ± {:.2f} ({})", 100 * mean,
                     100 * std::sqrt(squares / (n - 1)), values.size());
}

/// Of a column of text, whose ± is one character of two bytes.
std::size_t width_of(const std::string& text) {
  std::size_t width = 0;
  for (const auto byte : text) {
    if ((static_cast<unsigned char>(byte) & 0xC0U) != 0x80U) ++width;
  }
  return width;
}

std::string table_of(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      widths[c] = std::max(widths[c], width_of(row[c]));
    }
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string gap(widths[c] - width_of(row[c]), ' ');
      text += c == 0 ? row[c] + gap : "  " + gap + row[c];
    }
    text += "\n";
  }
  return text;
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
  object["variants"] = Json::array();
  for (const auto& variant : variants) {
    object["variants"].push_back(variant_json(variant));
  }
  return object;
}

std::string results_table(const std::vector<VariantResult>& variants,
                          bool top5) {
  std::vector<std::vector<std::string>> rows = {
      {"variant", "parameters trained", "deployed", "ms/step", "x compact",
       "validation % (n)", "test % (n)"}};
  if (top5) rows.front().emplace_back("top-5 % (n)");
  rows.front().emplace_back("contraction error");
  for (const auto& variant : variants) {
    const auto object = variant_json(variant);
    const auto format = [&](const char* key, const char* how) {
      const auto value = number_at(object, key);
      return value ? fmt::format(fmt::runtime(how), *value) : std::string("-");
    };
    const auto grouped = [&](const char* key) {
      if (object[key].is_null()) return std::string("-");
      auto digits = std::to_string(object[key].get<std::int64_t>());
      for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0;
           i -= 3) {
        digits.insert(static_cast<std::size_t>(i), ",");
      }
      return digits;
    };
    rows.push_back({object["label"], grouped("train_parameters"),
                    grouped("deploy_parameters"), format("step_ms", "{:.2f}"),
                    format("ratio_to_compact", "{:.2f}"),
                    mean_and_deviation(present(object["validation_accuracy"])),
                    mean_and_deviation(present(object["test_accuracy"]))});
    if (top5) {
      rows.back().push_back(mean_and_deviation(present(object["test_top5"])));
    }
    rows.back().push_back(format("contraction_error", "{:.1e}"));
  }
  return table_of(rows);
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
