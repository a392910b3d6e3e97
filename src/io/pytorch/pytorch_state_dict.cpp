#include "io/pytorch/pytorch_state_dict.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"
#include "io/pytorch/pickle_describe.h"
#include "io/pytorch/pytorch_call.h"

namespace expandnet {

namespace {

constexpr std::array<std::string_view, 5> kStateDictKeys = {
    "state_dict", "model_state_dict", "model", "net", "module"};
/// What DataParallel puts before all names.
constexpr std::string_view kDataParallelPrefix = "module.";
constexpr std::size_t kMaxKeysShown = 20;

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
      if (pickle_.get<PicklePersistent>(next) != nullptr) return true;
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
    }
  }

  const Pickle& pickle_;
  std::vector<bool> seen_;
};

class StateDictFinder {
 public:
  StateDictFinder(const std::string& where, const Pickle& pickle);

  [[nodiscard]] const PickleDict& find(const std::string& key) const;
  [[nodiscard]] std::vector<PyTorchEntry> entries(const PickleDict& dict) const;

 private:
  [[nodiscard]] const PickleDict& at_key(const std::string& key) const;
  [[nodiscard]] const PickleDict& without_key() const;
  [[nodiscard]] bool holds_tensors(const PickleDict& dict) const;
  [[nodiscard]] const PickleDict* dict_of(std::string_view key) const;
  [[nodiscard]] std::string list_keys() const;
  [[noreturn]] void refuse_inner_tensor(PickleIndex key,
                                        PickleIndex value) const;

  const std::string& where_;
  const Pickle& pickle_;
  const PickleDict* top_;
};

StateDictFinder::StateDictFinder(const std::string& where, const Pickle& pickle)
    : where_(where),
      pickle_(pickle),
      top_(pickle.get<PickleDict>(without_type_tag(pickle, pickle.root))) {
  if (top_ != nullptr) return;
  throw_file_error(where, "a checkpoint must be a dictionary",
                   describe(pickle, pickle.root),
                   "save the state dict: torch.save(net.state_dict(), path)");
}

bool StateDictFinder::holds_tensors(const PickleDict& dict) const {
  return std::any_of(
      dict.items.begin(), dict.items.end(),
      [&](const auto& item) { return is_pytorch_call(pickle_, item.second); });
}

/// The entry of that name if it is a dictionary; the last, as in Python.
const PickleDict* StateDictFinder::dict_of(std::string_view key) const {
  const PickleDict* found = nullptr;
  for (const auto& [name, value] : top_->items) {
    const auto* text = pickle_.get<PickleText>(name);
    if (text == nullptr || text->text != key) continue;
    found = pickle_.get<PickleDict>(without_type_tag(pickle_, value));
  }
  return found;
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

const PickleDict& StateDictFinder::at_key(const std::string& key) const {
  const auto* dict = dict_of(key);
  if (dict == nullptr || !(dict->items.empty() || holds_tensors(*dict))) {
    throw_file_error(where_,
                     quoted_name(key) + " must be a dictionary of tensors",
                     list_keys(), "give the key of one");
  }
  return *dict;
}

const PickleDict& StateDictFinder::without_key() const {
  const PickleDict* found = nullptr;
  std::string_view found_key;
  for (const auto key : kStateDictKeys) {
    const auto* dict = dict_of(key);
    if (dict == nullptr || !holds_tensors(*dict)) continue;
    if (found != nullptr && found != dict) {
      throw_file_error(where_, "one dictionary must hold the weights",
                       quoted_name(found_key) + " and " + quoted_name(key),
                       "give the key of one");
    }
    found = dict;
    found_key = key;
  }
  if (found != nullptr) return *found;
  if (!top_->items.empty() && !holds_tensors(*top_)) {
    throw_file_error(
        where_, "a checkpoint must hold tensors, or one state dict",
        list_keys(), "give the key of the dictionary that holds them");
  }
  return *top_;
}

const PickleDict& StateDictFinder::find(const std::string& key) const {
  return key.empty() ? without_key() : at_key(key);
}

std::vector<PyTorchEntry> StateDictFinder::entries(
    const PickleDict& dict) const {
  std::vector<PyTorchEntry> entries;
  std::set<std::string_view> names;
  bool all_prefixed = true;
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
    const auto name = text->text;
    if (!names.insert(name).second) {
      throw_file_error(where_, "names of tensors must differ",
                       quoted_name(name) + " twice",
                       "fetch the file or save it again");
    }
    all_prefixed = all_prefixed && name.substr(0, kDataParallelPrefix.size()) ==
                                       kDataParallelPrefix;
    entries.push_back({name, value});
  }
  if (!all_prefixed) return entries;
  for (auto& entry : entries) {
    entry.name.remove_prefix(kDataParallelPrefix.size());
  }
  return entries;
}

}  // namespace

std::vector<PyTorchEntry> find_state_dict(const std::string& where,
                                          const Pickle& pickle,
                                          const std::string& key) {
  const StateDictFinder finder(where, pickle);
  return finder.entries(finder.find(key));
}

}  // namespace expandnet
