// grid.h: the values that `compare` tries for each variant, and the ones that
// it chooses.
//
// The gain of an expansion depends on what it is compared with. So compact and
// expanded nets are tuned alike: each on the same grid, from seeds that are
// used for nothing else, by the validation set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// Seeds of a comparison; those that tune come after all of them.
inline constexpr std::int64_t kMostRuns = 10000;

/// A value of each setting that can be tuned.
struct Cell {
  double lr = 0;
  double weight_decay = 0;
  double rate = 0;
};
inline bool operator==(const Cell& a, const Cell& b) {
  return a.lr == b.lr && a.weight_decay == b.weight_decay && a.rate == b.rate;
}

/// The flags whose values a cell chooses, without dashes, and these values:
/// those of which the grid has several. A compact net has no rate, nor has a
/// sum of branches without a chain.
using CellValues = std::vector<std::pair<std::string, double>>;
[[nodiscard]] CellValues values_of(const Cell& cell, const Settings& settings,
                                   const std::string& recipe);

/// "lr 0.03, rate 2"; "" for nothing.
[[nodiscard]] std::string in_words(const CellValues& values);

/// Whether some variant has something to choose.
[[nodiscard]] bool has_choice(const Grid& grid);

/// The cells that a variant is tried on; one: there is nothing to choose.
[[nodiscard]] std::vector<Cell> cells_of(const Settings& settings,
                                         const std::string& recipe);

/// What has come of a cell.
struct Trial {
  Cell cell;
  CellValues values;  ///< of the cell, those of which there are several
  /// The selecting metric on the validation set, by seed; none where the
  /// training has diverged, or is not finished.
  std::vector<std::optional<double>> scores;

  /// None unless there is a score for each seed.
  [[nodiscard]] std::optional<double> mean() const;
};

/// The grid of one variant.
struct Tuning {
  std::vector<Trial> trials;
  std::vector<std::uint64_t> seeds;
  /// Of the trials; none: all diverged, or one has not ended.
  std::optional<std::size_t> chosen;
};

/// The trial with the highest mean, of equals the first; none if all have
/// diverged.
[[nodiscard]] std::optional<std::size_t> best_of(
    const std::vector<Trial>& trials);

/// What there is to say about a choice on the edge of the grid, beyond which
/// there may be a better one, as "the best lr, 0.1, is the largest that was
/// tried; try larger ones", or about one between values that all did alike.
[[nodiscard]] std::vector<std::string> edge_warnings(const Tuning& tuning);

}  // namespace expandnet::examples
