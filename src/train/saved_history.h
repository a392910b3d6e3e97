// saved_history.h: the history of a run in its checkpoint, and the version of
// the checkpoint format.
#pragma once

#include <expandnet/train/epoch_record.h>
#include <torch/serialize/archive.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::train {

/// The current version. Version 0 had no version number, and a history without
/// names.
inline constexpr std::int64_t kFormatVersion = 1;

/// Throws `std::runtime_error` for a checkpoint of a later version than this
/// program knows. The message names `path`.
void check_format_version(torch::serialize::InputArchive& archive,
                          const std::string& path);

/// Writes the numbers of all epochs, one row each, and the names of the
/// columns.
void save_history(torch::serialize::OutputArchive& archive,
                  const std::vector<EpochRecord>& history);

/// Reads the history of `epochs` finished epochs, written by `save_history` or
/// in version 0. Throws `std::runtime_error` if it has another number of
/// epochs.
[[nodiscard]] std::vector<EpochRecord> load_history(
    torch::serialize::InputArchive& archive, std::int64_t epochs);

}  // namespace expandnet::train
