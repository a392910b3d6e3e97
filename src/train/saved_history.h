// saved_history.h: the history of a run in its checkpoint, and which version of
// the format a checkpoint has.
#pragma once

#include <expandnet/train/epoch_record.h>
#include <torch/serialize/archive.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::train {

/// What checkpoints have now. Version 0 had no number, and a history without
/// names.
inline constexpr std::int64_t kFormatVersion = 1;

/// Throws `std::runtime_error` for a checkpoint of a later version than this
/// program knows. `path` is named in the message.
void check_format_version(torch::serialize::InputArchive& archive,
                          const std::string& path);

/// Writes the numbers of all epochs, a row each, and the names of the columns.
void save_history(torch::serialize::OutputArchive& archive,
                  const std::vector<EpochRecord>& history);

/// Reads what `save_history` wrote, or what version 0 did, of so many finished
/// epochs. Throws `std::runtime_error` where it is not of that many.
[[nodiscard]] std::vector<EpochRecord> load_history(
    torch::serialize::InputArchive& archive, std::int64_t epochs);

}  // namespace expandnet::train
