#include "passes/summary.h"

#include <expandnet/nn/run.h>
#include <expandnet/passes/summary.h>
#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <unordered_set>

#include "base/table.h"
#include "passes/check.h"
#include "passes/walk.h"

namespace expandnet {

namespace {

/// The row of a layer that has no chain any more.
SummaryRow contracted_row(const std::string& path, const ExpandedLayer& layer) {
  const auto& compact = layer.layer();
  SummaryRow row;
  row.path = path.empty() ? "(model)" : path;
  row.expansion = "contracted";
  row.deploy_parameters = compact.parameter_count();
  row.deploy_bytes =
      row.deploy_parameters *
      static_cast<std::int64_t>(c10::elementSize(layer.weight.scalar_type()));
  row.train_parameters = row.deploy_parameters;
  row.train_bytes = 2 * row.deploy_bytes;
  if (layer.has_run()) {
    row.compact_multiply_adds = multiply_adds(compact, layer.input_size());
    row.chained_multiply_adds = row.compact_multiply_adds;
  }
  return row;
}

std::string percent(std::optional<double> share) {
  return share ? fmt::format("{:.1f} %", 100 * *share) : "-";
}

void add(std::optional<std::int64_t>& sum,
         const std::optional<std::int64_t>& term) {
  if (term) sum = sum.value_or(0) + *term;
}

}  // namespace

Summary summary(torch::nn::Module& model) {
  Summary result;
  std::unordered_set<const void*> covered;
  for (const auto& [path, layer] : expanded_layers(model)) {
    result.rows.push_back(layer->is_contracted()
                              ? contracted_row(path, *layer)
                              : summary_row(chained_layer(path, *layer)));
    for (const auto& parameter : layer->module().parameters()) {
      covered.insert(parameter.unsafeGetTensorImpl());
    }
  }
  add_other_parameters(model, std::move(covered), result);
  return result;
}

void add_other_parameters(const torch::nn::Module& model,
                          std::unordered_set<const void*> covered,
                          Summary& summary) {
  SummaryRow other;
  other.path = kOtherPath;
  for (const auto& parameter : model.parameters()) {
    if (!covered.insert(parameter.unsafeGetTensorImpl()).second) continue;
    const auto size = static_cast<std::int64_t>(parameter.nbytes());
    other.deploy_parameters += parameter.numel();
    other.deploy_bytes += size;
    other.train_bytes += parameter.requires_grad() ? 2 * size : size;
  }
  other.train_parameters = other.deploy_parameters;
  if (other.deploy_parameters > 0) summary.rows.push_back(std::move(other));
}

std::optional<double> SummaryRow::cost() const {
  if (!chain_step_multiply_adds || !compact_step_multiply_adds) {
    return std::nullopt;
  }
  return static_cast<double>(*chain_step_multiply_adds) /
         static_cast<double>(*compact_step_multiply_adds);
}

SummaryRow Summary::total() const {
  SummaryRow sum;
  sum.path = "total";
  std::int64_t kept = 0;
  for (const auto& row : rows) {
    sum.train_parameters += row.train_parameters;
    kept += row.kept_parameters.value_or(row.train_parameters);
    sum.deploy_parameters += row.deploy_parameters;
    sum.train_bytes += row.train_bytes;
    sum.deploy_bytes += row.deploy_bytes;
    add(sum.chain_step_multiply_adds, row.chain_step_multiply_adds);
    add(sum.compact_step_multiply_adds, row.compact_step_multiply_adds);
    add(sum.chained_multiply_adds, row.chained_multiply_adds);
    add(sum.compact_multiply_adds, row.compact_multiply_adds);
  }
  if (kept < sum.train_parameters) sum.kept_parameters = kept;
  return sum;
}

std::string Summary::to_string() const {
  auto lines = rows;
  lines.push_back(total());
  std::vector<std::string> header = {
      "layer",         "expansion",     "train params", "deploy params",
      "chained madds", "compact madds", "fold/step",    "compact/step",
      "cost",          "train memory",  "deploy memory"};
  const bool with_spread = std::any_of(
      rows.begin(), rows.end(),
      [](const SummaryRow& row) { return row.initial_spread.has_value(); });
  if (with_spread) header.emplace_back("start spread");
  std::vector<std::vector<std::string>> cells;
  cells.reserve(lines.size());
  for (const auto& row : lines) {
    cells.push_back(
        {row.path, row.expansion,
         grouped(row.train_parameters, row.kept_parameters),
         grouped(row.deploy_parameters), grouped(row.chained_multiply_adds),
         grouped(row.compact_multiply_adds),
         grouped(row.chain_step_multiply_adds),
         grouped(row.compact_step_multiply_adds), percent(row.cost()),
         bytes(row.train_bytes), bytes(row.deploy_bytes)});
    if (!with_spread) continue;
    cells.back().push_back(
        row.initial_spread ? fmt::format("{:.3g}", *row.initial_spread) : "-");
  }
  drop_empty_columns(header, cells);
  auto text = render_table(header, cells);
  if (total().cost()) {
    text +=
        "madds are multiply-adds. Of one update: fold/step those of fold and "
        "pull back,\ncompact/step those of the layer itself, forward and "
        "backward; cost is their ratio.\n";
  }
  return text;
}

std::ostream& operator<<(std::ostream& stream, const Summary& summary) {
  return stream << summary.to_string();
}

}  // namespace expandnet
