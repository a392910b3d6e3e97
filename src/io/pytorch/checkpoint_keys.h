// checkpoint_keys.h: the keys in a trainer's checkpoint.
//
// The trainers (train/) write them and `read_weights` looks for them. Both
// include this header, so that each key is defined once.
#pragma once

namespace expandnet {

/// Version of the set of keys, as an int64; a checkpoint without it has version
/// 0.
inline constexpr const char* kFormatVersionKey = "format_version";
/// Configuration of the run, as text.
inline constexpr const char* kConfigurationKey = "configuration";
/// The module's parameters and buffers.
inline constexpr const char* kModelKey = "model";
/// The state of the optimizer.
inline constexpr const char* kOptimizerKey = "optimizer";
/// The factors of an Expansion, in weight space.
inline constexpr const char* kExpansionKey = "expansion";
/// The moving average of the weights.
inline constexpr const char* kAverageKey = "average";
/// In the average: the names of the averaged tensors, a list of text. The key
/// of average `i` is its number.
inline constexpr const char* kAverageNamesKey = "names";

/// Number of finished epochs, number of steps in the current one, and the best
/// epoch.
inline constexpr const char* kPositionKey = "position";
/// The learning rate of each group of the optimizer that the schedule starts
/// from. Absent in checkpoints of before it was kept.
inline constexpr const char* kInitialRatesKey = "initial_rates";
/// Seconds of the current epoch so far.
inline constexpr const char* kSecondsKey = "seconds";
/// Sums of the current epoch's metrics so far (tasks/meter.h).
inline constexpr const char* kSumsKey = "sums";
/// The numbers of all finished epochs, one row each.
inline constexpr const char* kHistoryKey = "history";
/// The names of the columns of the history, a list of text; version 0 has none.
inline constexpr const char* kHistoryNamesKey = "history_names";
/// The states of LibTorch's generators.
inline constexpr const char* kRandomKey = "random";
inline constexpr const char* kRandomCudaKey = "random_cuda";
/// In the average: the number of its updates.
inline constexpr const char* kAverageUpdatesKey = "updates";

}  // namespace expandnet
