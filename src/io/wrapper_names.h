// wrapper_names.h: removes what Python's wrappers add to the names of tensors.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/io/weights.h>

#include <string>
#include <vector>

namespace expandnet {

/// kStateDict: a checkpoint with the weights at "state_dict", such as those of
/// Lightning, in which the net is the attribute `model`.
enum class Layout { kPlain, kStateDict };

/// Removes wrappers from the names of the weights and the averages, and notes
/// what it removed:
///
///   module.                     prefix of all names (DataParallel), repeatedly
///   model.                      prefix of all names, for Layout::kStateDict
///   _orig_mod. and FSDP's parts anywhere (torch.compile)
///   n_averaged                  the counter of AveragedModel, left out
///
/// Names are unchanged if two of them would become equal.
EXPANDNET_API void drop_wrappers(TrainedWeights& trained, Layout layout);

/// Returns the prefix that all names of a wrapped net have: "module.", "model."
/// or "" for none. `names` are those of one model.
[[nodiscard]] EXPANDNET_API std::string wrapper_of(
    const std::vector<std::string>& names);

}  // namespace expandnet
