#include "trainers/app/report/comparison.h"

#include <fmt/format.h>

#include <algorithm>

namespace expandnet::examples {

namespace {

using Set = std::optional<tasks::Metrics> RunResult::*;

std::optional<double> score_of(const RunResult& run, Set set,
                               const std::string& metric) {
  const auto& metrics = run.*set;
  if (run.state != kFinished || !metrics) return std::nullopt;
  return metrics->find(metric);
}

/// Values of two variants from the same seeds.
struct Pairs {
  std::vector<double> values;
  std::vector<double> references;
};

Pairs pairs_of(const VariantResult& variant, const VariantResult& reference,
               Set set, const std::string& metric) {
  Pairs pairs;
  for (const auto& run : variant.runs) {
    const auto other =
        std::find_if(reference.runs.begin(), reference.runs.end(),
                     [&](const auto& one) { return one.seed == run.seed; });
    if (other == reference.runs.end()) continue;
    const auto value = score_of(run, set, metric);
    const auto against = score_of(*other, set, metric);
    if (!value || !against) continue;
    pairs.values.push_back(*value);
    pairs.references.push_back(*against);
  }
  return pairs;
}

std::optional<Comparison> compare(const VariantResult& variant,
                                  const VariantResult& reference,
                                  const std::string& metric) {
  Comparison comparison;
  comparison.set = "test";
  auto pairs = pairs_of(variant, reference, &RunResult::test, metric);
  if (pairs.values.empty()) {
    comparison.set = "validation";
    pairs = pairs_of(variant, reference, &RunResult::validation, metric);
  }
  if (pairs.values.empty()) return std::nullopt;
  comparison.difference =
      paired_difference(pairs.values, pairs.references, kConfidence);
  return comparison;
}

/// Fills in what depends on how many are compared.
void correct(std::vector<std::optional<Comparison>>& comparisons) {
  std::vector<Comparison*> tested;
  std::vector<double> p_values;
  for (auto& comparison : comparisons) {
    if (!comparison || !comparison->difference.p) continue;
    tested.push_back(&*comparison);
    p_values.push_back(*comparison->difference.p);
  }
  if (tested.size() < 2) return;
  const auto adjusted = holm(p_values);
  for (std::size_t i = 0; i < tested.size(); ++i) {
    tested[i]->variants = static_cast<std::int64_t>(tested.size());
    tested[i]->adjusted = adjusted[i];
  }
}

}  // namespace

bool Comparison::is_clear() const {
  const auto p = adjusted ? adjusted : difference.p;
  return p && *p < 1 - kConfidence;
}

std::vector<std::optional<Comparison>> compare_to_compact(
    const std::vector<VariantResult>& variants, const tasks::Metric& metric) {
  std::vector<std::optional<Comparison>> comparisons(variants.size());
  const auto compact = std::find_if(
      variants.begin(), variants.end(),
      [](const auto& variant) { return variant.recipe == "none"; });
  if (compact == variants.end()) return comparisons;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    if (variants[i].recipe == "none") continue;
    comparisons[i] = compare(variants[i], *compact, metric.name);
  }
  correct(comparisons);
  return comparisons;
}

std::string verdict(const Comparison& comparison, const tasks::Metric& metric) {
  const auto& difference = comparison.difference;
  const auto number = [&](double value) {
    return metric.share ? fmt::format("{:+.2f}", 100 * value)
                        : fmt::format("{:+.4f}", value);
  };
  if (!difference.low) {
    return fmt::format(
        "{}, n = {}: too few seeds for an interval, which takes 3",
        number(difference.mean), difference.n);
  }
  auto text =
      fmt::format("{}, {:.0f} % from {} to {}, n = {}", number(difference.mean),
                  100 * kConfidence, number(*difference.low),
                  number(*difference.high), difference.n);
  if (comparison.adjusted) {
    text += fmt::format(", p = {:.2g} by Holm's correction for {} variants",
                        *comparison.adjusted, comparison.variants);
  }
  if (!comparison.is_clear()) return text + ": no clear difference";
  return text + (difference.mean > 0 ? ": better than compact"
                                     : ": worse than compact");
}

}  // namespace expandnet::examples
