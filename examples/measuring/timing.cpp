#include "measuring/timing.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "measuring/device.h"

namespace expandnet::examples {

Quartiles quartiles(std::vector<double> values) {
  if (values.empty()) {
    const auto none = std::numeric_limits<double>::quiet_NaN();
    return {none, none, none};
  }
  std::sort(values.begin(), values.end());
  const auto at = [&](double fraction) {
    const auto position = fraction * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    const auto above = std::min(below + 1, values.size() - 1);
    return values[below] +
           (position - std::floor(position)) * (values[above] - values[below]);
  };
  return {at(0.25), at(0.5), at(0.75)};
}

double median_ratio(const std::vector<double>& values,
                    const std::vector<double>& references) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(values.size(), references.size()); ++i) {
    ratios.push_back(values[i] / references[i]);
  }
  return quartiles(std::move(ratios)).median;
}

double milliseconds(const std::function<void()>& work, c10::Device device) {
  synchronize(device);
  const auto start = std::chrono::steady_clock::now();
  work();
  synchronize(device);
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now() - start)
      .count();
}

std::vector<std::vector<double>> time_in_turns(
    const std::vector<std::function<void()>>& contestants, c10::Device device,
    const TimingOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const auto is_late = [&](int rounds_done) {
    if (options.stop && options.stop()) return true;
    const std::chrono::duration<double> passed =
        std::chrono::steady_clock::now() - start;
    return options.seconds > 0 && rounds_done >= 2 &&
           passed.count() > options.seconds;
  };
  for (int round = 0; round < options.warmup && !is_late(round); ++round) {
    for (const auto& contestant : contestants) contestant();
  }
  const auto count = contestants.size();
  std::vector<std::vector<double>> times(count);
  for (int round = 0; round < options.rounds && !is_late(round); ++round) {
    for (std::size_t turn = 0; turn < count; ++turn) {
      const auto place = round % 2 == 0 ? turn : count - 1 - turn;
      const auto i = (static_cast<std::size_t>(round) + place) % count;
      const auto total = milliseconds(
          [&] {
            for (int call = 0; call < options.group; ++call) contestants[i]();
          },
          device);
      times[i].push_back(total / options.group);
    }
  }
  return times;
}

}  // namespace expandnet::examples
