#include "io/pytorch/pytorch_module.h"

#include <set>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"
#include "base/weight_paths.h"
#include "io/pytorch/pickle_describe.h"

namespace expandnet {

namespace {

/// Deeper than modules are nested.
constexpr std::size_t kDeepestModule = 200;
/// Bytes of the names in a tree, and attributes. A module may be used many
/// times, so that a small pickle could name any number.
constexpr std::size_t kLargestTree = std::size_t{1} << 26U;

/// The dictionary of a module's attributes; null for other values.
const PickleDict* attributes_of(const Pickle& pickle, PickleIndex value) {
  const auto* call = pickle.get<PickleCall>(value);
  if (call == nullptr || !call->state) return nullptr;
  return pickle.get<PickleDict>(*call->state);
}

/// The value of that name, the last as in Python; null for none.
const PickleIndex* find_item(const Pickle& pickle, const PickleDict& dict,
                             std::string_view name) {
  const PickleIndex* found = nullptr;
  for (const auto& [key, value] : dict.items) {
    const auto* text = pickle.get<PickleText>(key);
    if (text != nullptr && text->text == name) found = &value;
  }
  return found;
}

/// The items of an attribute that is a dictionary; null if it is none.
const PickleDict* dict_at(const Pickle& pickle, const PickleDict& attributes,
                          std::string_view name) {
  const auto* value = find_item(pickle, attributes, name);
  return value == nullptr ? nullptr : pickle.get<PickleDict>(*value);
}

class ModuleReader {
 public:
  ModuleReader(const std::string& where, const Pickle& pickle)
      : where_(where), pickle_(pickle) {}

  void read(PickleIndex module, const std::string& path, std::size_t depth);
  [[nodiscard]] std::vector<PyTorchEntry> take() { return std::move(entries_); }

 private:
  void add_tensors(const PickleDict& tensors, const std::string& path,
                   const std::set<std::string_view>& left_out);
  [[nodiscard]] std::string name_at(PickleIndex key, const std::string& path);
  void grow(std::size_t size);
  [[nodiscard]] std::set<std::string_view> not_persistent(
      const PickleDict& attributes);
  [[noreturn]] void refuse(const std::string& path, PickleIndex value) const {
    throw_file_error(where_, "a module must hold modules and dense tensors",
                     describe(pickle_, value) + " at " + quoted_name(path),
                     "save the state dict: torch.save(net.state_dict(), path)");
  }

  const std::string& where_;
  const Pickle& pickle_;
  std::vector<PyTorchEntry> entries_;
  std::size_t size_ = 0;
};

std::string ModuleReader::name_at(PickleIndex key, const std::string& path) {
  const auto* text = pickle_.get<PickleText>(key);
  if (text == nullptr || !is_utf8(text->text)) {
    throw_file_error(where_, "the name of a tensor must be text in UTF-8",
                     describe(pickle_, key), "fetch the file or save it again");
  }
  auto name = under(path, std::string(text->text));
  grow(name.size());
  return name;
}

void ModuleReader::grow(std::size_t size) {
  size_ += size;
  if (size_ <= kLargestTree) return;
  throw_file_error(where_,
                   "the tree of a pickled module may have " +
                       std::to_string(kLargestTree) + " bytes of names",
                   "more",
                   "save the state dict: torch.save(net.state_dict(), path)");
}

/// A set, which protocols up to 3 write as a call with the list of its items.
std::set<std::string_view> ModuleReader::not_persistent(
    const PickleDict& attributes) {
  std::set<std::string_view> names;
  const auto* value =
      find_item(pickle_, attributes, "_non_persistent_buffers_set");
  if (value == nullptr) return names;  // of PyTorch before 1.6
  const auto* list = pickle_.get<PickleList>(*value);
  if (const auto* call = pickle_.get<PickleCall>(*value)) {
    const auto* arguments = pickle_.get<PickleTuple>(call->arguments);
    if (arguments != nullptr && arguments->items.size() == 1) {
      list = pickle_.get<PickleList>(arguments->items.front());
    }
  }
  if (list == nullptr) return names;
  grow(list->items.size());
  for (const auto item : list->items) {
    const auto* text = pickle_.get<PickleText>(item);
    if (text != nullptr) names.insert(text->text);
  }
  return names;
}

void ModuleReader::add_tensors(const PickleDict& tensors,
                               const std::string& path,
                               const std::set<std::string_view>& left_out) {
  for (const auto& [key, value] : tensors.items) {
    auto name = name_at(key, path);
    if (pickle_.get<PickleNone>(value) != nullptr) continue;
    if (left_out.count(pickle_.get<PickleText>(key)->text) != 0) continue;
    if (pickle_.get<PickleCall>(value) == nullptr) refuse(name, value);
    entries_.push_back({std::move(name), value});
  }
}

void ModuleReader::read(PickleIndex module, const std::string& path,
                        std::size_t depth) {
  const auto* attributes = attributes_of(pickle_, module);
  const auto* parameters = attributes == nullptr
                               ? nullptr
                               : dict_at(pickle_, *attributes, "_parameters");
  const auto* buffers = attributes == nullptr
                            ? nullptr
                            : dict_at(pickle_, *attributes, "_buffers");
  const auto* modules = attributes == nullptr
                            ? nullptr
                            : dict_at(pickle_, *attributes, "_modules");
  if (parameters == nullptr || buffers == nullptr || modules == nullptr ||
      depth > kDeepestModule) {
    refuse(path, module);
  }
  grow(attributes->items.size());
  add_tensors(*parameters, path, {});
  add_tensors(*buffers, path, not_persistent(*attributes));
  for (const auto& [key, value] : modules->items) {
    const auto name = name_at(key, path);
    if (pickle_.get<PickleNone>(value) != nullptr) continue;
    read(value, name, depth + 1);
  }
}

}  // namespace

bool is_pytorch_module(const Pickle& pickle, PickleIndex value) {
  const auto* attributes = attributes_of(pickle, value);
  return attributes != nullptr &&
         dict_at(pickle, *attributes, "_parameters") != nullptr &&
         dict_at(pickle, *attributes, "_modules") != nullptr;
}

std::vector<PyTorchEntry> pytorch_module_entries(const std::string& where,
                                                 const Pickle& pickle,
                                                 PickleIndex module) {
  ModuleReader reader(where, pickle);
  reader.read(module, "", 0);
  return reader.take();
}

}  // namespace expandnet
