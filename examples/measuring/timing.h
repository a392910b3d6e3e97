// timing.h: times that can be compared.
//
// A machine's speed drifts by more than what is to be measured. So contestants
// take turns, and are compared within each round.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <vector>

namespace expandnet::examples {

struct Quartiles {
  double q25 = 0;
  double median = 0;
  double q75 = 0;
};

/// Linear between the nearest two; of no values, not numbers.
Quartiles quartiles(std::vector<double> values);

/// Median of `values[i] / references[i]`.
double median_ratio(const std::vector<double>& values,
                    const std::vector<double>& references);

/// How long `work` takes, with the device idle before and after.
double milliseconds(const std::function<void()>& work, c10::Device device);

struct TimingOptions {
  int rounds = 30;
  int warmup = 5;  ///< rounds that are not timed, nor grouped
  int group = 1;   ///< calls per sample
  /// No more rounds once these are over, but for two of each kind; 0: no limit.
  double seconds = 0;
  /// No more rounds once it holds; may be empty.
  std::function<bool()> stop;
};

/// Calls each contestant once a round (`group` times in a row, of which it
/// returns the mean), in an order that rotates from round to round and turns
/// around every other. Returns milliseconds as [contestant][round], without
/// rounds where `options.stop` has kept the first from being timed.
std::vector<std::vector<double>> time_in_turns(
    const std::vector<std::function<void()>>& contestants, c10::Device device,
    const TimingOptions& options);

}  // namespace expandnet::examples
