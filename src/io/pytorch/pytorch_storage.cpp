#include "io/pytorch/pytorch_storage.h"

#include <limits>

#include "base/error.h"
#include "io/pytorch/pickle_describe.h"
#include "io/pytorch/pickle_fields.h"

namespace expandnet {

namespace {

constexpr std::size_t kIdItems = 5;
constexpr std::size_t kIdItemsWithView = 6;

/// The items of the id; null if the value is no id of a tuple.
const PickleTuple* id_of(const Pickle& pickle, PickleIndex value) {
  const auto* persistent = pickle.get<PicklePersistent>(value);
  return persistent == nullptr ? nullptr
                               : pickle.get<PickleTuple>(persistent->id);
}

bool has_kind(const Pickle& pickle, const PickleTuple* id) {
  if (id == nullptr || id->items.empty()) return false;
  const auto* kind = pickle.get<PickleText>(id->items.front());
  return kind != nullptr && kind->text == "storage";
}

void read_class(const PickleFields& fields, PickleIndex type,
                PyTorchStorage& storage) {
  const auto* global = fields.pickle().get<PickleGlobal>(type);
  const bool is_untyped = global != nullptr &&
                          global->module == "torch.storage" &&
                          global->name == "UntypedStorage";
  if (is_untyped) return;
  if (global != nullptr && global->module == "torch") {
    storage.dtype = dtype_of_storage(global->name);
  }
  if (!storage.dtype) {
    throw_file_error(fields.where(), "a storage must be of a dense dtype",
                     describe(fields.pickle(), type),
                     "convert the tensor before it is saved");
  }
}

std::int64_t bytes_of(const PickleFields& fields, const std::string& what,
                      PickleIndex numel, std::int64_t element_bytes) {
  const auto count = fields.number(what, numel);
  if (count > std::numeric_limits<std::int64_t>::max() / element_bytes) {
    fields.complain("a storage must have less than 2^63 bytes",
                    std::to_string(count) + " elements");
  }
  return count * element_bytes;
}

void read_view(const PickleFields& fields, PickleIndex value,
               PyTorchStorage& storage) {
  const auto& pickle = fields.pickle();
  if (pickle.get<PickleNone>(value) != nullptr) return;
  const auto* view = pickle.get<PickleTuple>(value);
  if (view == nullptr || view->items.size() != 3) {
    fields.complain("a view of a storage must be None or a tuple of three",
                    describe(pickle, value));
  }
  const auto size = storage.element_bytes();
  const auto offset =
      bytes_of(fields, "the offset of a view", view->items[1], size);
  const auto bytes =
      bytes_of(fields, "elements of a view", view->items[2], size);
  if (offset > storage.bytes || bytes > storage.bytes - offset) {
    fields.complain(
        "a view must lie in its storage of " + std::to_string(storage.bytes) +
            " bytes",
        std::to_string(bytes) + " bytes from byte " + std::to_string(offset));
  }
  storage.view_offset = offset;
  storage.view_bytes = bytes;
}

}  // namespace

bool is_pytorch_storage(const Pickle& pickle, PickleIndex value) {
  return has_kind(pickle, id_of(pickle, value));
}

PyTorchStorage pytorch_storage(const std::string& where, const Pickle& pickle,
                               PickleIndex value) {
  const PickleFields fields(where, pickle);
  const auto* id = id_of(pickle, value);
  const auto count = id == nullptr ? 0 : id->items.size();
  if ((count != kIdItems && count != kIdItemsWithView) ||
      !has_kind(pickle, id)) {
    const auto* persistent = pickle.get<PicklePersistent>(value);
    fields.complain(
        "a storage must be given by an id of five or six",
        describe(pickle, persistent == nullptr ? value : persistent->id));
  }
  PyTorchStorage storage;
  read_class(fields, id->items[1], storage);
  storage.name = fields.text("the name of a storage", id->items[2]);
  storage.bytes = bytes_of(fields, "elements of a storage", id->items[4],
                           storage.element_bytes());
  storage.view_bytes = storage.bytes;
  if (count == kIdItemsWithView) read_view(fields, id->items[5], storage);
  return storage;
}

}  // namespace expandnet
