#include "io/pytorch/pytorch_state_dict.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"
#include "io/pytorch/pickle_describe.h"
#include "io/pytorch/pytorch_call.h"
#include "io/pytorch/pytorch_storage.h"

namespace expandnet {

namespace {

constexpr std::array<std::string_view, 5> kStateDictKeys = {
    "state_dict", "model_state_dict", "model", "net", "module"};
constexpr std::size_t kMaxKeysShown = 20;
/// Below the entry of a checkpoint.
constexpr std::size_t kDeepestAverages = 4;

/// The value itself where torch::pickle_save has put its type beside it.
PickleIndex without_type_tag(const Pickle& pickle, PickleIndex value) {
  const auto* call = pickle.get<PickleCall>(value);
  if (call == nullptr) return value;
  const auto* global = pickle.get<PickleGlobal>(call->callable);
  const auto* arguments = pickle.get<PickleTuple>(call->arguments);
  const bool is_tag = global != nullptr &&
                      global->module == "torch.jit._pickle" &&
                      global->name == "restore_type_tag" &&
                      arguments != nullptr && arguments->items.size() == 2;
  return is_tag ? arguments->items[0] : value;
}

/// Looks for tensors in values of any depth, each value once.
class TensorSearch {
 public:
  explicit TensorSearch(const Pickle& pickle)
      : pickle_(pickle), seen_(pickle.values.size()) {}

  /// Whether a tensor, or the storage of one, is in the value. Values that were
  /// looked into before are passed over: they held none.
  [[nodiscard]] bool finds_one_in(PickleIndex value) {
    std::vector<PickleIndex> open = {value};
    while (!open.empty()) {
      const auto next = open.back();
      open.pop_back();
      if (seen_[next]) continue;
      seen_[next] = true;
      if (is_pytorch_storage(pickle_, next)) return true;
      add_parts(next, open);
    }
    return false;
  }

 private:
  void add_parts(PickleIndex value, std::vector<PickleIndex>& open) const {
    const auto add = [&](const std::vector<PickleIndex>& items) {
      open.insert(open.end(), items.begin(), items.end());
    };
    if (const auto* tuple = pickle_.get<PickleTuple>(value)) {
      add(tuple->items);
    } else if (const auto* list = pickle_.get<PickleList>(value)) {
      add(list->items);
    } else if (const auto* dict = pickle_.get<PickleDict>(value)) {
      for (const auto& [key, item] : dict->items) add({key, item});
    } else if (const auto* call = pickle_.get<PickleCall>(value)) {
      add({call->callable, call->arguments});
      if (call->state) add({*call->state});
      if (call->others) add({*call->others});
    }
  }

  const Pickle& pickle_;
  std::vector<bool> seen_;
};

/// Looks for weights of the same names as those that were found, in values of
/// some depth.
class AveragesSearch {
 public:
  struct Found {
    std::string path;  ///< keys with dots between, as "ema.shadow"
    bool by_keys;      ///< whether these lead there
  };

  AveragesSearch(const Pickle& pickle, const std::vector<PyTorchEntry>& entries)
      : pickle_(pickle), seen_(pickle.values.size()) {
    for (const auto& entry : entries) names_.insert(entry.name);
  }

  void pass_over(PickleIndex value) { seen_[value] = true; }
  [[nodiscard]] std::optional<Found> find_in(PickleIndex value,
                                             std::string_view key);

 private:
  struct Open {
    PickleIndex value;
    Found place;
    std::size_t depth;
  };

  [[nodiscard]] bool holds_same_names(PickleIndex value) const;
  void add_parts(const Open& from, std::vector<Open>& open) const;

  const Pickle& pickle_;
  std::set<std::string_view> names_;
  std::vector<bool> seen_;
};

bool AveragesSearch::holds_same_names(PickleIndex value) const {
  const auto* dict = pickle_.get<PickleDict>(value);
  return dict != nullptr &&
         std::any_of(
             dict->items.begin(), dict->items.end(), [&](const auto& item) {
               const auto* name = pickle_.get<PickleText>(item.first);
               return name != nullptr && names_.count(name->text) != 0 &&
                      is_pytorch_call(pickle_, item.second);
             });
}

void AveragesSearch::add_parts(const Open& from,
                               std::vector<Open>& open) const {
  const auto add = [&](PickleIndex value, std::string path, bool by_keys) {
    open.push_back({without_type_tag(pickle_, value),
                    {std::move(path), by_keys},
                    from.depth + 1});
  };
  const auto& [path, by_keys] = from.place;
  if (const auto* dict = pickle_.get<PickleDict>(from.value)) {
    for (const auto& [key, value] : dict->items) {
      const auto* text = pickle_.get<PickleText>(key);
      if (text == nullptr) continue;
      add(value, path + "." + std::string(text->text), by_keys);
    }
  } else if (const auto* list = pickle_.get<PickleList>(from.value)) {
    for (const auto value : list->items) add(value, path, false);
  } else if (const auto* call = pickle_.get<PickleCall>(from.value)) {
    // The attributes of an object, as a Namespace or one that keeps averages.
    if (call->state) add(*call->state, path, false);
    if (call->others) add(*call->others, path, false);
  } else if (const auto* tuple = pickle_.get<PickleTuple>(from.value)) {
    for (const auto value : tuple->items) add(value, path, false);
  }
}

std::optional<AveragesSearch::Found> AveragesSearch::find_in(
    PickleIndex value, std::string_view key) {
  std::vector<Open> open = {{value, {std::string(key), true}, 0}};
  while (!open.empty()) {
    const auto next = std::move(open.back());
    open.pop_back();
    if (seen_[next.value]) continue;
    seen_[next.value] = true;
    const auto* call = pickle_.get<PickleCall>(next.value);
    // Objects may share a state: one look at it will do.
    const bool is_new = call != nullptr && call->state && !seen_[*call->state];
    if ((is_new && is_pytorch_module(pickle_, next.value)) ||
        holds_same_names(next.value)) {
      return next.place;
    }
    if (next.depth < kDeepestAverages) add_parts(next, open);
  }
  return std::nullopt;
}

class StateDictFinder {
 public:
  StateDictFinder(const std::string& where, const Pickle& pickle)
      : where_(where),
        pickle_(pickle),
        root_(without_type_tag(pickle, pickle.root)),
        top_(pickle.get<PickleDict>(root_)) {}

  [[nodiscard]] PyTorchStateDict find(const std::string& key) const;

 private:
  /// A dictionary or a module, and its key; "" is the whole file.
  struct Place {
    PickleIndex value;
    std::string_view key;
  };

  [[nodiscard]] Place at_key(std::string_view key) const;
  [[nodiscard]] Place without_key() const;
  [[nodiscard]] bool is_dict_of_tensors(PickleIndex value) const;
  [[nodiscard]] bool holds_tensors(PickleIndex value) const;
  void check_no_weights_beside(const Place& place) const;
  void refuse_other_tensors() const;
  [[nodiscard]] std::optional<PickleIndex> item(const PickleDict& dict,
                                                std::string_view key) const;
  [[nodiscard]] std::optional<PickleIndex> inner(const PickleDict& dict,
                                                 std::string_view key) const;
  [[nodiscard]] std::string list_keys() const;
  [[nodiscard]] std::vector<PyTorchEntry> entries_of(PickleIndex value) const;
  [[nodiscard]] std::vector<PyTorchEntry> entries_of(
      const PickleDict& dict) const;
  [[nodiscard]] std::vector<std::string> notes(
      const Place& place, const std::vector<PyTorchEntry>& entries) const;
  [[noreturn]] void refuse_inner_tensor(PickleIndex key,
                                        PickleIndex value) const;

  const std::string& where_;
  const Pickle& pickle_;
  PickleIndex root_;
  const PickleDict* top_;  ///< null if the file is no dictionary
};

bool StateDictFinder::is_dict_of_tensors(PickleIndex value) const {
  const auto* dict = pickle_.get<PickleDict>(value);
  return dict != nullptr &&
         std::any_of(dict->items.begin(), dict->items.end(),
                     [&](const auto& item) {
                       return is_pytorch_call(pickle_, item.second);
                     });
}

bool StateDictFinder::holds_tensors(PickleIndex value) const {
  return is_pytorch_module(pickle_, value) || is_dict_of_tensors(value);
}

/// The value of that key; the last, as in Python.
std::optional<PickleIndex> StateDictFinder::item(const PickleDict& dict,
                                                 std::string_view key) const {
  std::optional<PickleIndex> found;
  for (const auto& [name, value] : dict.items) {
    const auto* text = pickle_.get<PickleText>(name);
    if (text != nullptr && text->text == key) {
      found = without_type_tag(pickle_, value);
    }
  }
  return found;
}

/// The value at a path of keys, such as "ema.state_dict".
std::optional<PickleIndex> StateDictFinder::inner(const PickleDict& dict,
                                                  std::string_view key) const {
  if (auto found = item(dict, key)) return found;
  const auto dot = key.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto outer = item(dict, key.substr(0, dot));
  const auto* next = outer ? pickle_.get<PickleDict>(*outer) : nullptr;
  return next == nullptr ? std::nullopt : inner(*next, key.substr(dot + 1));
}

std::string StateDictFinder::list_keys() const {
  const auto& items = top_->items;
  std::string list;
  for (std::size_t i = 0; i < std::min(items.size(), kMaxKeysShown); ++i) {
    const auto* text = pickle_.get<PickleText>(items[i].first);
    list += list.empty() ? "" : ", ";
    list += text == nullptr ? describe(pickle_, items[i].first)
                            : quoted_name(text->text);
    list += " (" + describe(pickle_, items[i].second) + ")";
  }
  if (items.empty()) return "nothing";
  if (items.size() <= kMaxKeysShown) return list;
  return list + " and " + std::to_string(items.size() - kMaxKeysShown) +
         " more";
}

void StateDictFinder::refuse_inner_tensor(PickleIndex key,
                                          PickleIndex value) const {
  const auto* text = pickle_.get<PickleText>(key);
  const auto name =
      text == nullptr ? describe(pickle_, key) : quoted_name(text->text);
  throw_file_error(where_, "an entry that holds a tensor must be one",
                   name + ", " + describe(pickle_, value),
                   "save its tensors under names of their own, dequantized, or "
                   "leave it out");
}

StateDictFinder::Place StateDictFinder::at_key(std::string_view key) const {
  const auto value = inner(*top_, key);
  const auto* dict = value ? pickle_.get<PickleDict>(*value) : nullptr;
  const bool is_empty = dict != nullptr && dict->items.empty();
  if (!value || !(is_empty || holds_tensors(*value))) {
    throw_file_error(where_,
                     quoted_name(key) + " must be a dictionary of tensors",
                     list_keys(), "give the key of one");
  }
  return {*value, key};
}

StateDictFinder::Place StateDictFinder::without_key() const {
  std::optional<Place> found;
  for (const auto key : kStateDictKeys) {
    const auto value = item(*top_, key);
    if (!value || !holds_tensors(*value)) continue;
    if (found && found->value != *value) {
      throw_file_error(where_, "one dictionary must hold the weights",
                       quoted_name(found->key) + " and " + quoted_name(key),
                       "give the key of one");
    }
    found = Place{*value, key};
  }
  if (found) return *found;
  if (!top_->items.empty() && !holds_tensors(root_)) {
    refuse_other_tensors();
    throw_file_error(
        where_, "a checkpoint must hold tensors, or one state dict",
        list_keys(), "give the key of the dictionary that holds them");
  }
  return {root_, ""};
}

std::vector<PyTorchEntry> StateDictFinder::entries_of(
    const PickleDict& dict) const {
  std::vector<PyTorchEntry> entries;
  TensorSearch search(pickle_);
  for (const auto& [key, value] : dict.items) {
    if (pickle_.get<PickleCall>(value) == nullptr) {
      if (search.finds_one_in(value)) refuse_inner_tensor(key, value);
      continue;
    }
    const auto* text = pickle_.get<PickleText>(key);
    if (text == nullptr || !is_utf8(text->text)) {
      throw_file_error(where_, "the name of a tensor must be text in UTF-8",
                       describe(pickle_, key),
                       "fetch the file or save it again");
    }
    entries.push_back({std::string(text->text), value});
  }
  return entries;
}

std::vector<PyTorchEntry> StateDictFinder::entries_of(PickleIndex value) const {
  const auto* dict = pickle_.get<PickleDict>(value);
  auto entries = dict != nullptr
                     ? entries_of(*dict)
                     : pytorch_module_entries(where_, pickle_, value);
  std::set<std::string_view> names;
  for (const auto& entry : entries) {
    if (names.insert(entry.name).second) continue;
    throw_file_error(where_, "names of tensors must differ",
                     quoted_name(entry.name) + " twice",
                     "fetch the file or save it again");
  }
  return entries;
}

/// What stands beside the weights that were found: averages, which many
/// programs keep under the same names, and other tensors.
std::vector<std::string> StateDictFinder::notes(
    const Place& place, const std::vector<PyTorchEntry>& entries) const {
  AveragesSearch search(pickle_, entries);
  std::vector<std::string> notes;
  std::vector<std::string> passed_over;
  std::set<PickleIndex> seen = {place.value};
  search.pass_over(place.value);
  for (const auto& [key, tagged] : top_->items) {
    const auto* text = pickle_.get<PickleText>(key);
    const auto value = without_type_tag(pickle_, tagged);
    if (text == nullptr || !seen.insert(value).second) continue;
    const auto averages = search.find_in(value, text->text);
    if (averages) {
      notes.push_back("read from " + quoted_name(place.key) + "; " +
                      quoted_name(averages->path) +
                      " holds weights, too, as averages do" +
                      (averages->by_keys ? "; its key reads them" : ""));
    } else if (text->text.substr(0, 5) != "optim" &&
               (is_pytorch_call(pickle_, value) || is_dict_of_tensors(value))) {
      passed_over.push_back(quoted_name(text->text));
    }
  }
  if (passed_over.empty()) return notes;
  std::string names;
  for (std::size_t i = 0; i < passed_over.size() && i < kMaxKeysShown; ++i) {
    names += (i == 0 ? "" : ", ") + passed_over[i];
  }
  if (passed_over.size() > kMaxKeysShown) {
    names +=
        " and " + std::to_string(passed_over.size() - kMaxKeysShown) + " more";
  }
  notes.push_back("read from " + quoted_name(place.key) +
                  "; tensors that stand beside it are passed over: " + names);
  return notes;
}

/// Throws for the first tensor of a kind that is not read: a quantized, sparse
/// or nested one.
void StateDictFinder::refuse_other_tensors() const {
  for (const auto& [key, value] : top_->items) {
    const auto* text = pickle_.get<PickleText>(key);
    const auto* call = pickle_.get<PickleCall>(value);
    const auto* global =
        call == nullptr ? nullptr : pickle_.get<PickleGlobal>(call->callable);
    if (text == nullptr || global == nullptr) continue;
    if (global->module != "torch._utils") continue;
    static_cast<void>(pytorch_call(
        where_ + ", tensor " + quoted_name(text->text), pickle_, value));
  }
}

/// A file that is a state dict itself has names of paths; a loss or the state
/// of a generator beside weights has none.
void StateDictFinder::check_no_weights_beside(const Place& place) const {
  for (const auto& [key, value] : top_->items) {
    const auto* text = pickle_.get<PickleText>(key);
    if (text == nullptr || text->text.find('.') == std::string_view::npos ||
        !is_pytorch_call(pickle_, value)) {
      continue;
    }
    throw_file_error(
        where_, "one dictionary must hold the weights",
        quoted_name(place.key) + " and, beside it, " + quoted_name(text->text),
        "give the key " + quoted_name(place.key) +
            ", or save the others in a file of their own");
  }
}

PyTorchStateDict StateDictFinder::find(const std::string& key) const {
  if (is_pytorch_module(pickle_, root_) && key.empty()) {
    return {entries_of(root_), {}, ""};
  }
  if (top_ == nullptr) {
    throw_file_error(where_, "a checkpoint must be a dictionary or a module",
                     describe(pickle_, root_),
                     "save the state dict: torch.save(net.state_dict(), path)");
  }
  const auto place = key.empty() ? without_key() : at_key(key);
  if (key.empty() && !place.key.empty()) check_no_weights_beside(place);
  PyTorchStateDict state;
  state.key = place.key;
  state.entries = entries_of(place.value);
  if (key.empty() && !place.key.empty()) {
    state.notes = notes(place, state.entries);
  }
  return state;
}

}  // namespace

PyTorchStateDict find_state_dict(const std::string& where, const Pickle& pickle,
                                 const std::string& key) {
  return StateDictFinder(where, pickle).find(key);
}

}  // namespace expandnet
