#include "trainers/app/analysis/analysis_report.h"

#include <expandnet/analysis/gradient_confusion.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "analysis_template.h"

namespace expandnet::examples {

namespace {

using Json = nlohmann::ordered_json;

/// Points at which densities are computed, between the ends of cosines.
constexpr int kDensityPoints = 401;

/// The cosines of one kind, of an epoch.
using Kind = std::vector<double> EpochConfusion::*;

struct NamedKind {
  const char* name;
  Kind kind;
};
constexpr NamedKind kKinds[] = {{"fold", &EpochConfusion::fold},
                                {"factors", &EpochConfusion::factors}};

Json summary_json(const std::vector<double>& cosines) {
  if (cosines.empty()) return nullptr;
  const auto summary = analysis::summarize_confusion(cosines);
  return {{"pairs", summary.pairs},    {"minimum", summary.minimum},
          {"quantile_5", summary.low}, {"median", summary.median},
          {"mean", summary.mean},      {"negative", summary.negative}};
}

Json confusion_json(const std::vector<EpochConfusion>& epochs) {
  auto all = Json::array();
  for (const auto& epoch : epochs) {
    Json one;
    one["epoch"] = epoch.epoch;
    for (const auto& [name, kind] : kKinds) {
      one[name] = summary_json(epoch.*kind);
    }
    all.push_back(std::move(one));
  }
  return all;
}

Json metrics_json(const std::optional<tasks::Metrics>& metrics) {
  if (!metrics) return nullptr;
  Json object;
  for (const auto& [name, value] : *metrics) object[name] = value;
  return object;
}

/// Training minus test, of the loss test minus training: positive for a net that
/// does better on what it has seen.
Json gap_json(const Json& training, const Json& test) {
  if (!training.is_object() || !test.is_object()) return nullptr;
  Json gap;
  for (const auto& [name, value] : training.items()) {
    if (!test.contains(name) || !value.is_number() ||
        !test.at(name).is_number() || !std::isfinite(value.get<double>())) {
      continue;
    }
    const auto difference = value.get<double>() - test.at(name).get<double>();
    gap[name] = name == "loss" ? -difference : difference;
  }
  return gap;
}

Json run_json(const AnalyzedResult& run) {
  Json object;
  object["name"] = run.name;
  object["seed"] = run.result.seed;
  object["test"] = metrics_json(run.result.test);
  object["gap"] =
      gap_json(run.analysis.value("training", Json(nullptr)), object["test"]);
  for (const auto* part : {"training", "largest_eigenvalue", "trace",
                           "effective_ranks", "line", "plane"}) {
    object[part] = run.analysis.value(part, Json(nullptr));
  }
  object["confusion"] = confusion_json(run.confusion);
  return object;
}

std::vector<double> density_points() {
  std::vector<double> points;
  points.reserve(kDensityPoints);
  for (int i = 0; i < kDensityPoints; ++i) {
    points.push_back(-1 + 2.0 * i / (kDensityPoints - 1));
  }
  return points;
}

/// Of the cosines of all runs after their last epochs; null for too few, or
/// where all are the same.
Json density_json(const std::vector<const AnalyzedResult*>& runs, Kind kind) {
  std::vector<double> cosines;
  for (const auto* run : runs) {
    if (run->confusion.empty()) continue;
    const auto& last = run->confusion.back().*kind;
    cosines.insert(cosines.end(), last.begin(), last.end());
  }
  if (cosines.size() < 2) return nullptr;
  const auto [least, most] =
      std::minmax_element(cosines.begin(), cosines.end());
  if (*least == *most) return nullptr;
  const auto density = analysis::kernel_density(cosines, density_points());
  return {{"cosines", cosines.size()},
          {"bandwidth", density.bandwidth},
          {"heights", density.heights}};
}

Json variant_json_of(const std::string& name,
                     const std::vector<const AnalyzedResult*>& runs) {
  Json object;
  object["name"] = name;
  object["compact"] = runs.front()->result.recipe == "none";
  for (const auto& [of_kind, kind] : kKinds) {
    object["density"][of_kind] = density_json(runs, kind);
  }
  object["runs"] = Json::array();
  for (const auto* run : runs) object["runs"].push_back(run_json(*run));
  return object;
}

}  // namespace

Json analysis_json(const ReportHeader& header,
                   const std::vector<AnalyzedResult>& runs) {
  std::vector<std::string> names;
  for (const auto& run : runs) {
    if (std::find(names.begin(), names.end(), run.variant) == names.end()) {
      names.push_back(run.variant);
    }
  }
  auto object = head_json(header);
  object.erase("class_names");
  object["density_at"] = density_points();
  object["variants"] = Json::array();
  for (const auto& name : names) {
    std::vector<const AnalyzedResult*> of_variant;
    for (const auto& run : runs) {
      if (run.variant == name) of_variant.push_back(&run);
    }
    object["variants"].push_back(variant_json_of(name, of_variant));
  }
  return object;
}

std::string analysis_html(const Json& analysis) {
  return page_with(kAnalysisTemplate, analysis);
}

}  // namespace expandnet::examples
