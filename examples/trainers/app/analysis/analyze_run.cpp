#include "trainers/app/analysis/analyze_run.h"

#include <expandnet/analysis/curvature.h>
#include <expandnet/analysis/effective_rank.h>
#include <expandnet/analysis/loss_landscape.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "trainers/app/report/results.h"

namespace expandnet::examples {

namespace {

using Json = nlohmann::ordered_json;

/// What a product with the Hessian costs: about so many evaluations.
constexpr double kProductWork = 8;
/// Lines that tell of a plane while it is computed.
constexpr std::int64_t kToldOfPlane = 5;

constexpr const char* kTraining = "training";
constexpr const char* kRanks = "effective_ranks";
constexpr const char* kEigenvalue = "largest_eigenvalue";
constexpr const char* kTrace = "trace";
constexpr const char* kLine = "line";
constexpr const char* kPlane = "plane";

void stop_if(const train::Interrupt& interrupt) {
  if (interrupt.requested()) throw Interrupted();
}

/// The landscape's two directions, the same of all runs.
analysis::Direction direction_of(const torch::nn::Module& net,
                                 const AnalysisOptions& options, int which) {
  return analysis::random_direction(
      net, 2 * options.seed + static_cast<std::uint64_t>(which));
}

/// The loss and a metric at several places.
Json values_at(const std::vector<tasks::Metrics>& places,
               const tasks::Metric& metric) {
  Json values;
  for (const auto& name : {std::string("loss"), metric.name}) {
    values[name] = Json::array();
    for (const auto& metrics : places) values[name].push_back(metrics.at(name));
  }
  return values;
}

Json json_of(const analysis::Curvature& curvature) {
  return {{"value", curvature.value},
          {"products", curvature.steps},
          {"converged", curvature.converged}};
}

/// "12.3 (41 products)"
std::string in_words(const analysis::Curvature& curvature) {
  return fmt::format("{:.4g} ({} {}{})", curvature.value, curvature.steps,
                     curvature.steps == 1 ? "product" : "products",
                     curvature.converged ? "" : ", not converged");
}

std::int64_t rows_in(const AnalysisFile& file) {
  if (!file.has(kPlane)) return 0;
  return static_cast<std::int64_t>(file.content().at(kPlane).size());
}

double work_of_products(const AnalysisOptions& options) {
  return static_cast<double>(options.products) * kProductWork;
}

}  // namespace

RunAnalysis::RunAnalysis(std::string name, train::Model net,
                         const Sample& sample, tasks::Metric metric,
                         const AnalysisOptions& options, AnalysisFile& file)
    : name_(std::move(name)),
      net_(std::move(net)),
      sample_(sample),
      metric_(std::move(metric)),
      options_(options),
      file_(file) {}

double RunAnalysis::work(const AnalysisOptions& options) {
  const auto steps = static_cast<double>(options.steps);
  return 1 + 2 * work_of_products(options) + steps +
         (options.plane ? steps * steps : 0);
}

double RunAnalysis::work_done(const AnalysisOptions& options,
                              const AnalysisFile& file) {
  const auto steps = static_cast<double>(options.steps);
  double done = file.has(kTraining) ? 1 : 0;
  for (const auto* part : {kEigenvalue, kTrace}) {
    if (file.has(part)) done += work_of_products(options);
  }
  if (file.has(kLine)) done += steps;
  if (options.plane) done += steps * static_cast<double>(rows_in(file));
  return done;
}

void RunAnalysis::run(Console& console, const train::Interrupt& interrupt) {
  stop_if(interrupt);
  const train::ModeGuard mode(net_.module, /*training=*/false);
  add_training(console);
  add_ranks();
  if (options_.products > 0) add_curvature(console, interrupt);
  add_line(console, interrupt);
  if (options_.plane) add_plane(console, interrupt);
}

void RunAnalysis::add_training(Console& console) {
  if (file_.has(kTraining)) return;
  const auto metrics = sample_.evaluate(net_);
  console.step(1);
  Json values;
  for (const auto& [name, value] : metrics) values[name] = value;
  file_.keep(kTraining, values);
  console.line(name_, fmt::format("loss {:.4f}, {} {}", metrics.at("loss"),
                                  metric_.label, shown(metrics, metric_)));
}

void RunAnalysis::add_ranks() {
  if (file_.has(kRanks)) return;
  auto ranks = Json::array();
  for (const auto& parameter : net_.module->named_parameters()) {
    const auto& weight = parameter.value();
    if (weight.dim() < 2) continue;
    const auto rows = weight.size(0);
    ranks.push_back({{"weight", parameter.key()},
                     {"sizes", weight.sizes().vec()},
                     {"rank", analysis::effective_rank(weight)},
                     {"most", std::min(rows, weight.numel() / rows)}});
  }
  file_.keep(kRanks, ranks);
}

void RunAnalysis::add_curvature(Console& console,
                                const train::Interrupt& interrupt) {
  std::vector<at::Tensor> parameters;
  for (const auto& parameter : net_.module->parameters()) {
    if (parameter.requires_grad()) parameters.push_back(parameter);
  }
  double share = 0;  // of a product, that a part is
  const auto parts = sample_.loss_parts(net_, [&] {
    stop_if(interrupt);
    console.step(share);
  });
  share = kProductWork / static_cast<double>(parts.size());
  analysis::CurvatureOptions options;
  options.steps = options_.products;
  options.seed = options_.seed;
  const auto add = [&](const char* part, const char* words, auto measure) {
    if (file_.has(part)) return;
    const auto curvature = measure(parts, parameters, options);
    file_.keep(part, json_of(curvature));
    console.skip(kProductWork *
                 static_cast<double>(options.steps - curvature.steps));
    console.line(name_, fmt::format("{} {}{}", words, in_words(curvature),
                                    console.time_left()));
  };
  add(kEigenvalue, "largest eigenvalue", analysis::largest_eigenvalue);
  add(kTrace, "trace", analysis::hessian_trace);
}

void RunAnalysis::add_line(Console& console,
                           const train::Interrupt& interrupt) {
  if (file_.has(kLine)) return;
  analysis::Landscape landscape(net_.module,
                                {direction_of(*net_.module, options_, 0)});
  std::vector<tasks::Metrics> places;
  for (const auto step : analysis::landscape_steps(options_.steps)) {
    stop_if(interrupt);
    landscape.move_to({step});
    places.push_back(sample_.evaluate(net_));
    console.step(1);
  }
  file_.keep(kLine, values_at(places, metric_));
  console.line(name_, fmt::format("line of {} places{}", options_.steps,
                                  console.time_left()));
}

void RunAnalysis::add_plane(Console& console,
                            const train::Interrupt& interrupt) {
  const auto steps = analysis::landscape_steps(options_.steps);
  if (rows_in(file_) == options_.steps) return;
  analysis::Landscape landscape(net_.module,
                                {direction_of(*net_.module, options_, 0),
                                 direction_of(*net_.module, options_, 1)});
  const auto between = (options_.steps + kToldOfPlane - 1) / kToldOfPlane;
  auto rows = file_.has(kPlane) ? file_.content().at(kPlane) : Json::array();
  for (auto row = rows_in(file_); row < options_.steps; ++row) {
    std::vector<tasks::Metrics> places;
    for (const auto step : steps) {
      stop_if(interrupt);
      landscape.move_to({step, steps[static_cast<std::size_t>(row)]});
      places.push_back(sample_.evaluate(net_));
      console.step(1);
    }
    rows.push_back(values_at(places, metric_));
    file_.keep(kPlane, rows);
    if ((row + 1) % between != 0 && row + 1 < options_.steps) continue;
    console.line(name_, fmt::format("plane, {} of {} rows{}", row + 1,
                                    options_.steps, console.time_left()));
  }
}

}  // namespace expandnet::examples
