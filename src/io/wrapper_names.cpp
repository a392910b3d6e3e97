#include "io/wrapper_names.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace expandnet {

namespace {

constexpr std::string_view kDataParallel = "module.";
constexpr std::string_view kLightning = "model.";
constexpr std::string_view kAveragedCount = "n_averaged";
/// Attributes that only wrappers have.
constexpr std::array<std::string_view, 3> kWrapperParts = {
    "_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module."};

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

/// The names of all tensors, each changed in its place.
class Names {
 public:
  explicit Names(const TrainedWeights& trained) {
    for (const auto& item : trained.weights.tensors) add(item.first);
    weights_ = names_.size();
    for (const auto& item : trained.averages) add(item.first);
  }

  [[nodiscard]] bool all_begin_with(std::string_view prefix) const {
    return !names_.empty() &&
           std::all_of(names_.begin(), names_.end(), [&](const auto& name) {
             return begins_with(name, prefix);
           });
  }

  /// Drops the prefix if all have it; false otherwise.
  bool drop_prefix(std::string_view prefix) {
    if (!all_begin_with(prefix)) return false;
    for (auto& name : names_) name.erase(0, prefix.size());
    return true;
  }

  /// Drops a part of the paths wherever it stands; false if it stands nowhere.
  bool drop_part(std::string_view part) {
    bool found = false;
    for (auto& name : names_) {
      auto at = name.find(part);
      while (at != std::string::npos) {
        const bool is_part = at == 0 || name[at - 1] == '.';
        found = found || is_part;
        if (is_part) name.erase(at, part.size());
        at = name.find(part, is_part ? at : at + 1);
      }
    }
    return found;
  }

  /// Whether names of weights differ and none is empty.
  [[nodiscard]] bool are_sound() const {
    const auto end = names_.begin() + static_cast<std::ptrdiff_t>(weights_);
    const std::set<std::string_view> distinct(names_.begin(), end);
    return distinct.size() == weights_ && distinct.count("") == 0;
  }

  void give_to(TrainedWeights& trained) {
    std::size_t next = 0;
    for (auto& item : trained.weights.tensors) {
      item.first = std::move(names_[next++]);
    }
    for (auto& item : trained.averages) item.first = std::move(names_[next++]);
  }

 private:
  void add(const std::string& name) { names_.push_back(name); }

  std::vector<std::string> names_;
  std::size_t weights_ = 0;
};

/// The counter's place, where all other names begin with "module.".
NamedTensors::iterator find_counter(NamedTensors& tensors) {
  const auto counter = std::find_if(
      tensors.begin(), tensors.end(),
      [](const auto& item) { return item.first == kAveragedCount; });
  const bool is_averaged =
      tensors.size() > 1 &&
      std::all_of(tensors.begin(), tensors.end(), [](const auto& item) {
        return item.first == kAveragedCount ||
               begins_with(item.first, kDataParallel);
      });
  return is_averaged ? counter : tensors.end();
}

void note_dropped(TrainedWeights& trained, std::string_view what) {
  trained.weights.notes.push_back("names without " + quoted_name(what) +
                                  ", which a wrapper puts into them");
}

}  // namespace

void drop_wrappers(TrainedWeights& trained, Layout layout) {
  auto& tensors = trained.weights.tensors;
  const auto counter = find_counter(tensors);
  if (counter != tensors.end()) {
    tensors.erase(counter);
    trained.weights.notes.push_back(
        "without " + quoted_name(kAveragedCount) +
        ", the counter of torch.optim.swa_utils.AveragedModel");
  }
  Names names(trained);
  std::vector<std::string_view> dropped;
  const auto drop_outer = [&](std::string_view prefix) {
    const bool found = names.drop_prefix(prefix);
    if (found) dropped.push_back(prefix);
    return found;
  };
  for (const auto part : kWrapperParts) {
    if (names.drop_part(part)) dropped.push_back(part);
  }
  while (drop_outer(kDataParallel)) {
  }
  if (layout == Layout::kStateDict) drop_outer(kLightning);
  const bool all_in_model =
      layout == Layout::kPlain && names.all_begin_with(kLightning);
  if (!dropped.empty() && names.are_sound()) {
    names.give_to(trained);
    for (const auto part : dropped) note_dropped(trained, part);
  }
  if (all_in_model) {
    trained.weights.notes.push_back(
        "all names begin with " + quoted_name(kLightning) +
        ", which stays: only under the key \"state_dict\" it is Lightning's");
  }
}

std::string wrapper_of(const std::vector<std::string>& names) {
  for (const auto prefix : {kDataParallel, kLightning}) {
    const bool all =
        !names.empty() &&
        std::all_of(names.begin(), names.end(), [&](const auto& name) {
          return begins_with(name, prefix);
        });
    if (all) return std::string(prefix);
  }
  return "";
}

}  // namespace expandnet
