#include "io/pytorch/libtorch_archive.h"

#include <c10/util/Exception.h>
#include <torch/serialize/input-archive.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "base/weight_paths.h"
#include "io/pytorch/checkpoint_keys.h"
#include "io/pytorch/libtorch_file.h"

namespace expandnet {

namespace {

using torch::serialize::InputArchive;

/// Deeper than modules are nested.
constexpr int kDeepest = 200;

/// Whether a tensor is in the value, or an object whose content nobody sees, as
/// the packed parameters of quantized layers.
bool holds_tensor(const c10::IValue& value, int depth) {
  TORCH_CHECK(depth < kDeepest, "values are nested too deep");
  const auto any_of = [&](const auto& items) {
    return std::any_of(items.begin(), items.end(), [&](const auto& item) {
      return holds_tensor(item, depth + 1);
    });
  };
  if (value.isTensor()) return value.toTensor().defined();
  if (value.isCustomClass()) return true;
  if (value.isList()) return any_of(value.toListRef());
  if (value.isTuple()) return any_of(value.toTupleRef().elements());
  if (value.isGenericDict()) {
    const auto dict = value.toGenericDict();
    return std::any_of(dict.begin(), dict.end(), [&](const auto& item) {
      return holds_tensor(item.key(), depth + 1) ||
             holds_tensor(item.value(), depth + 1);
    });
  }
  return value.isObject() && any_of(value.toObjectRef().slots());
}

/// An attribute that is neither a tensor nor a module may hold none.
void check_attribute(const std::string& where, InputArchive& archive,
                     const std::string& key, const std::string& name) {
  c10::IValue value;
  if (!archive.try_read(key, value) || !holds_tensor(value, 0)) return;
  throw_file_error(where, "an entry that holds a tensor must be one",
                   quoted_name(name) + ", " + value.type()->str(),
                   "save its tensors under names of their own, dequantized, or "
                   "leave it out");
}

void add_tensors(const std::string& where, InputArchive& archive,
                 const std::string& prefix, int depth, Weights& weights) {
  TORCH_CHECK(depth < kDeepest, "modules are nested too deep");
  for (const auto& key : archive.keys()) {
    at::Tensor tensor;
    InputArchive inner;
    if (archive.try_read(key, tensor, /*is_buffer=*/true) ||
        archive.try_read(key, tensor)) {
      weights.tensors.emplace_back(prefix + key, tensor.detach());
    } else if (archive.try_read(key, inner)) {
      add_tensors(where, inner, prefix + key + ".", depth + 1, weights);
    } else {
      check_attribute(where, archive, key, prefix + key);
    }
  }
}

/// What ExponentialMovingAverage has saved, with the names it has saved; none of a
/// checkpoint from before it did.
NamedTensors averages_in(InputArchive& archive) {
  c10::IValue names;
  NamedTensors averages;
  if (!archive.try_read(kAverageNamesKey, names)) return averages;
  for (const auto& name : names.toListRef()) {
    at::Tensor average;
    archive.read(std::to_string(averages.size()), average, /*is_buffer=*/true);
    averages.emplace_back(name.toStringRef(), average);
  }
  return averages;
}

/// Puts the averages in their places, save those of compact tensors beside a
/// chain, which it returns: that chain has to be contracted first.
NamedTensors place_averages(const std::string& where,
                            const NamedTensors& averages, Weights& weights) {
  std::map<std::string, std::size_t> places;
  for (const auto& [name, tensor] : weights.tensors) {
    places.emplace(name, places.size());
  }
  const auto stands_beside_a_chain = [&](const std::string& name) {
    const auto chain = under(split_last(name).first, "chain.");
    const auto first = places.lower_bound(chain);
    return first != places.end() && first->first.rfind(chain, 0) == 0;
  };
  NamedTensors of_chains;
  for (const auto& [name, average] : averages) {
    const auto place = places.find(name);
    const bool fits =
        place != places.end() &&
        weights.tensors[place->second].second.sizes() == average.sizes();
    if (!fits) {
      throw_file_error(where,
                       "an average must be of one of the checkpoint's tensors",
                       "one of " + quoted_name(name), "save it again");
    }
    if (stands_beside_a_chain(name)) {
      of_chains.emplace_back(name, average);
    } else {
      weights.tensors[place->second].second = average;
    }
  }
  return of_chains;
}

/// What an archive holds, its averages not in place yet.
struct ArchiveContent {
  Weights weights;
  NamedTensors averages;
  bool is_checkpoint = false;
  bool has_average = false;
};

ArchiveContent content_of(const std::string& where, InputArchive& archive,
                          Averages averages) {
  ArchiveContent content;
  InputArchive model, part;
  content.is_checkpoint = archive.try_read(kModelKey, model) &&
                          archive.try_read(kOptimizerKey, part);
  if (!content.is_checkpoint) {
    add_tensors(where, archive, "", 0, content.weights);
    return content;
  }
  content.has_average =
      averages == Averages::kTaken && archive.try_read(kAverageKey, part);
  if (content.has_average) content.averages = averages_in(part);
  add_tensors(where, model, "", 0, content.weights);
  if (archive.try_read(kExpansionKey, part)) {
    add_tensors(where, part, "", 0, content.weights);
  }
  return content;
}

/// How many tensors stand in code: "net/constants/0".
std::ptrdiff_t constants_in(const ZipArchive& zip) {
  return std::count_if(
      zip.entries().begin(), zip.entries().end(), [](const auto& entry) {
        return entry.name.find("/constants/") != std::string_view::npos;
      });
}

}  // namespace

TrainedWeights read_libtorch_archive(const MappedFile& file,
                                     const ZipArchive& zip, Averages averages) {
  const auto where = in_quotes(file.path());
  InputArchive archive;
  open_libtorch_file(where, file.bytes(), zip, c10::kCPU, archive);
  ArchiveContent content;
  try {
    content = content_of(where, archive, averages);
  } catch (const c10::Error& error) {
    throw_file_error(where, "an archive of torch::save must be whole",
                     "an error of LibTorch (" + message_of(error) + ")",
                     "save it again");
  }
  if (averages == Averages::kLeftOut && !content.is_checkpoint) {
    throw_file_error(where, "only checkpoints have entries",
                     "the key " + in_quotes(kModelKey), "leave it out");
  }
  if (content.has_average && content.averages.empty()) {
    throw_file_error(
        where, "a checkpoint must name its weights",
        "one whose moving average is without names",
        "contract it with the program that trained it, or take the key "
        "\"model\" for the weights that were averaged");
  }
  const auto constants = constants_in(zip);
  if (content.weights.tensors.empty() && constants > 0) {
    throw_file_error(where, "a script must hold its weights as parameters",
                     "constants of its code, as torch.jit.freeze leaves them",
                     "save the module before it is frozen");
  }
  if (content.weights.tensors.empty()) {
    throw_file_error(where, "a file of weights must hold tensors", "none",
                     "save a module's state");
  }
  if (constants > 0) {
    content.weights.notes.push_back(
        "without " + std::to_string(constants) +
        (constants == 1 ? " tensor that stands" : " tensors that stand") +
        " in its code; torch.jit.freeze puts weights there");
  }
  auto of_chains = place_averages(where, content.averages, content.weights);
  return {std::move(content.weights), std::move(of_chains)};
}

}  // namespace expandnet
