#include "trainers/app/runs/grid.h"

#include <fmt/format.h>

#include <algorithm>

#include "trainers/app/runs/layer_strategies.h"

namespace expandnet::examples {

namespace {

/// Whether a variant has a chain whose width the rate sets. Of the sums of
/// branches some have none; a pattern of --strategy may add one.
bool has_rate(const Settings& settings, const std::string& recipe) {
  if (recipe == "none") return false;
  const auto sum = sum_of_recipe(recipe);
  const bool has_fc = sum && recipe != name(*sum);
  return !settings.strategy.empty() || !sum || has_fc ||
         sum == Strategy::kCLSkip || sum == Strategy::kCKRep;
}

/// The rates that make a difference to a variant.
std::vector<double> rates_of(const Settings& settings,
                             const std::string& recipe) {
  const auto& rates = settings.grid.rate;
  if (rates.empty() || has_rate(settings, recipe)) return rates;
  return {rates.front()};
}

}  // namespace

CellValues values_of(const Cell& cell, const Settings& settings,
                     const std::string& recipe) {
  const auto& grid = settings.grid;
  CellValues values;
  if (grid.lr.size() > 1) values.emplace_back("lr", cell.lr);
  if (grid.weight_decay.size() > 1) {
    values.emplace_back("weight-decay", cell.weight_decay);
  }
  if (rates_of(settings, recipe).size() > 1)
    values.emplace_back("rate", cell.rate);
  return values;
}

std::string in_words(const CellValues& values) {
  std::string words;
  for (const auto& [name, value] : values) {
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", name, value);
  }
  return words;
}

bool has_choice(const Grid& grid) {
  return grid.lr.size() > 1 || grid.weight_decay.size() > 1 ||
         grid.rate.size() > 1;
}

std::vector<Cell> cells_of(const Settings& settings,
                           const std::string& recipe) {
  const auto& grid = settings.grid;
  std::vector<Cell> cells;
  for (const auto lr : grid.lr) {
    for (const auto weight_decay : grid.weight_decay) {
      for (const auto rate : rates_of(settings, recipe)) {
        cells.push_back({lr, weight_decay, rate});
      }
    }
  }
  return cells;
}

std::optional<double> Trial::mean() const {
  if (scores.empty()) return std::nullopt;
  double sum = 0;
  for (const auto& score : scores) {
    if (!score) return std::nullopt;
    sum += *score;
  }
  return sum / static_cast<double>(scores.size());
}

namespace {

/// Whether several did equally well, and none otherwise.
bool is_tie(const std::vector<Trial>& trials) {
  const auto first = trials.front().mean();
  return trials.size() > 1 && first &&
         std::all_of(trials.begin(), trials.end(),
                     [&](const Trial& trial) { return trial.mean() == first; });
}

/// Whether a trial did as well as the chosen one with another value of `name`,
/// and with the same of all else.
bool has_equal_along(const std::string& name, const Tuning& tuning) {
  const auto& chosen = tuning.trials.at(*tuning.chosen);
  return std::any_of(tuning.trials.begin(), tuning.trials.end(),
                     [&](const Trial& trial) {
                       if (trial.mean() != chosen.mean()) return false;
                       bool differs = false;
                       for (std::size_t i = 0; i < chosen.values.size(); ++i) {
                         if (trial.values[i] == chosen.values[i]) continue;
                         if (chosen.values[i].first != name) return false;
                         differs = true;
                       }
                       return differs;
                     });
}

}  // namespace

std::optional<std::size_t> best_of(const std::vector<Trial>& trials) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const auto mean = trials[i].mean();
    if (mean && (!best || *mean > *trials[*best].mean())) best = i;
  }
  return best;
}

std::vector<std::string> edge_warnings(const Tuning& tuning) {
  std::vector<std::string> warnings;
  if (!tuning.chosen) return warnings;
  if (is_tie(tuning.trials)) {
    return {
        "all values did alike; train for longer, or validate on more "
        "images, to choose by more than their order"};
  }
  for (const auto& [name, best] : tuning.trials.at(*tuning.chosen).values) {
    if (has_equal_along(name, tuning)) continue;  // the order has chosen
    double smallest = best, largest = best;
    for (const auto& trial : tuning.trials) {
      for (const auto& [other, value] : trial.values) {
        if (other != name) continue;
        smallest = std::min(smallest, value);
        largest = std::max(largest, value);
      }
    }
    // Below 0 there is no weight decay.
    if (best == smallest && best > 0) {
      warnings.push_back(fmt::format(
          "the best {}, {}, is the smallest that was tried; try smaller ones",
          name, best));
    } else if (best == largest) {
      warnings.push_back(fmt::format(
          "the best {}, {}, is the largest that was tried; try larger ones",
          name, best));
    }
  }
  return warnings;
}

}  // namespace expandnet::examples
