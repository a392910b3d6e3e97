// grid.h: the values that `compare` tries for each variant, and its choice.
//
// The measured gain of an expansion depends on the baseline. So compact and
// expanded nets are tuned in the same way: each on the same grid, by the
// validation set, with seeds that are used for nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// Largest number of seeds in a comparison; the seeds for tuning come after
/// these.
inline constexpr std::int64_t kMostRuns = 10000;

/// One value of each setting that can be tuned.
struct Cell {
  double lr = 0;
  double weight_decay = 0;
  double rate = 0;
};
inline bool operator==(const Cell& a, const Cell& b) {
  return a.lr == b.lr && a.weight_decay == b.weight_decay && a.rate == b.rate;
}

/// The flags (without dashes) and values that a cell chooses: those for which
/// the grid has several values. A compact net has no rate, and neither has a
/// sum of branches without a chain.
using CellValues = std::vector<std::pair<std::string, double>>;
[[nodiscard]] CellValues values_of(const Cell& cell, const Settings& settings,
                                   const std::string& recipe);

/// Returns "lr 0.03, rate 2"; "" for no values.
[[nodiscard]] std::string in_words(const CellValues& values);

/// Whether any variant has a choice.
[[nodiscard]] bool has_choice(const Grid& grid);

/// Returns the cells that a variant is tried on; there is no choice if it is
/// one.
[[nodiscard]] std::vector<Cell> cells_of(const Settings& settings,
                                         const std::string& recipe);

/// The results of a cell.
struct Trial {
  Cell cell;
  CellValues values;  ///< of the cell, for settings with several values
  /// The selecting metric on the validation set, for each seed; absent if the
  /// training diverged or is not finished.
  std::vector<std::optional<double>> scores;

  /// Absent unless each seed has a score.
  [[nodiscard]] std::optional<double> mean() const;
};

/// The trials of one variant.
struct Tuning {
  std::vector<Trial> trials;
  std::vector<std::uint64_t> seeds;
  /// Index of the chosen trial; absent if all diverged or one has not ended.
  std::optional<std::size_t> chosen;
};

/// Returns the trial with the highest mean, the first of equals; empty if all
/// diverged.
[[nodiscard]] std::optional<std::size_t> best_of(
    const std::vector<Trial>& trials);

/// Returns warnings about a choice at the edge of the grid, beyond which there
/// may be a better value, such as "the best lr, 0.1, is the largest that was
/// tried; try larger ones", and about a choice between values with equal
/// results.
[[nodiscard]] std::vector<std::string> edge_warnings(const Tuning& tuning);

}  // namespace expandnet::examples
