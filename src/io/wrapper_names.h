// wrapper_names.h: what wrappers of Python put into the names of tensors.
#pragma once

#include <expandnet/io/weights.h>

#include <string>
#include <vector>

namespace expandnet {

/// Whether the file is a checkpoint whose weights stand at "state_dict", as
/// those of Lightning do, in which a net is the attribute `model`.
enum class Layout { kPlain, kStateDict };

/// Takes wrappers out of the names of the weights and the averages, and notes
/// what it took:
///
///   module.                     before all names: DataParallel, repeatedly
///   model.                      before all names, of Layout::kStateDict
///   _orig_mod. and FSDP's parts anywhere: torch.compile
///   n_averaged                  the counter of AveragedModel, left out
///
/// Names stay as they are where two would be the same without.
void drop_wrappers(TrainedWeights& trained, Layout layout);

/// The prefix that all names of a wrapped net have: "module.", "model." or ""
/// for none. `names` are a model's.
[[nodiscard]] std::string wrapper_of(const std::vector<std::string>& names);

}  // namespace expandnet
