// checkpoint_keys.h: the names of the parts of a trainer's checkpoint.
//
// The trainers write them (train/), and `read_weights` looks for them: both
// include this header, so the names stand once.
#pragma once

namespace expandnet {

/// Which keys a checkpoint has, as an int64; a checkpoint without it is of
/// version 0.
inline constexpr const char* kFormatVersionKey = "format_version";
/// How the run was configured, as text.
inline constexpr const char* kConfigurationKey = "configuration";
/// The module's parameters and buffers.
inline constexpr const char* kModelKey = "model";
/// The state of the optimizer.
inline constexpr const char* kOptimizerKey = "optimizer";
/// The factors of an Expansion, in weight space.
inline constexpr const char* kExpansionKey = "expansion";
/// The moving average of the weights.
inline constexpr const char* kAverageKey = "average";
/// In the average: the names of what is averaged, a list of text. Average `i`
/// itself stands under its number.
inline constexpr const char* kAverageNamesKey = "names";

/// Finished epochs, steps of the current one, and the best epoch.
inline constexpr const char* kPositionKey = "position";
/// Of the current epoch so far.
inline constexpr const char* kSecondsKey = "seconds";
/// Of the current epoch's metrics so far (tasks/meter.h).
inline constexpr const char* kSumsKey = "sums";
/// The numbers of all finished epochs, a row each.
inline constexpr const char* kHistoryKey = "history";
/// The names of their columns, a list of text; version 0 has none.
inline constexpr const char* kHistoryNamesKey = "history_names";
/// The state of LibTorch's generators.
inline constexpr const char* kRandomKey = "random";
inline constexpr const char* kRandomCudaKey = "random_cuda";
/// In the average: how often it was updated.
inline constexpr const char* kAverageUpdatesKey = "updates";

}  // namespace expandnet
