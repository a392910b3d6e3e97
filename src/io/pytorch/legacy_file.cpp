#include "io/pytorch/legacy_file.h"

#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "base/little_endian.h"
#include "base/text.h"
#include "io/pytorch/pickle.h"
#include "io/pytorch/pickle_describe.h"
#include "io/pytorch/pytorch_storage.h"

namespace expandnet {

namespace {

/// The int 0x1950a86a20f9469cfc6c, as pickles of every protocol write it.
constexpr std::string_view kLegacyMagic(
    "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 12);
/// The protocol, and in newer ones a frame, stand before it.
constexpr std::size_t kLatestMagic = 11;
constexpr std::int64_t kLegacyProtocol = 1001;
constexpr std::size_t kCountBytes = 8;
constexpr const char* kLegacyAgain = "fetch the file or save it again";

using Storages = std::map<std::string_view, PyTorchStorage>;

/// The storages that the pickle names.
Storages storages_in(const std::string& where, const Pickle& pickle) {
  Storages storages;
  for (PickleIndex i = 0; i < pickle.values.size(); ++i) {
    if (!is_pytorch_storage(pickle, i)) continue;
    const auto storage = pytorch_storage(where, pickle, i);
    const auto& first = storages.emplace(storage.name, storage).first->second;
    if (first.bytes == storage.bytes && first.dtype == storage.dtype) continue;
    throw_file_error(where,
                     "storage " + quoted_name(storage.name) +
                         " must have one size and dtype",
                     std::to_string(first.bytes) + " and " +
                         std::to_string(storage.bytes) + " bytes",
                     kLegacyAgain);
  }
  return storages;
}

class LegacyReader {
 public:
  LegacyReader(const std::string& where, std::string_view file)
      : where_(where), file_(file) {}

  [[nodiscard]] LegacyPyTorchFile read();

 private:
  [[nodiscard]] Pickle next_pickle() {
    return read_next_pickle(where_, file_, offset_);
  }
  void check_protocol();
  [[nodiscard]] std::string_view next_storage(const PyTorchStorage& storage);
  [[nodiscard]] std::map<std::string_view, std::string_view> read_bytes(
      const Storages& storages);
  [[noreturn]] void complain(const std::string& rule,
                             const std::string& value) const {
    throw_file_error(where_ + ", byte " + std::to_string(offset_), rule, value,
                     kLegacyAgain);
  }

  const std::string& where_;
  const std::string_view file_;
  std::size_t offset_ = 0;
};

void LegacyReader::check_protocol() {
  const auto protocol = next_pickle();
  const auto* number = protocol.get<std::int64_t>(protocol.root);
  if (number != nullptr && *number == kLegacyProtocol) return;
  throw_file_error(where_, "the protocol of the file must be 1001",
                   describe(protocol, protocol.root), kLegacyAgain);
}

std::string_view LegacyReader::next_storage(const PyTorchStorage& storage) {
  const auto name = "storage " + quoted_name(storage.name);
  const auto left = file_.size() - offset_;
  const auto need = static_cast<std::uint64_t>(storage.bytes);
  if (left < kCountBytes || left - kCountBytes < need) {
    complain(name + " must have " + std::to_string(need) +
                 " bytes after their number",
             std::to_string(left < kCountBytes ? 0 : left - kCountBytes));
  }
  const auto count = little_endian(file_, offset_, kCountBytes);
  const auto elements =
      static_cast<std::uint64_t>(storage.bytes / storage.element_bytes());
  if (count != elements) {
    complain(name + " must have the " + std::to_string(elements) +
                 " elements that the pickle tells",
             std::to_string(count));
  }
  offset_ += kCountBytes;
  const auto bytes = file_.substr(offset_, need);
  offset_ += bytes.size();
  return bytes;
}

/// The bytes of the storages, in the order that the next pickle gives.
std::map<std::string_view, std::string_view> LegacyReader::read_bytes(
    const Storages& storages) {
  const auto names = next_pickle();
  const auto* list = names.get<PickleList>(names.root);
  if (list == nullptr) {
    throw_file_error(where_, "the names of the storages must be a list",
                     describe(names, names.root), kLegacyAgain);
  }
  std::map<std::string_view, std::string_view> bytes;
  for (const auto item : list->items) {
    const auto* name = names.get<PickleText>(item);
    const auto storage =
        name == nullptr ? storages.end() : storages.find(name->text);
    if (storage == storages.end()) {
      throw_file_error(where_, "a name of the list must be a storage's",
                       describe(names, item), kLegacyAgain);
    }
    if (bytes.count(storage->first) != 0) {
      throw_file_error(where_, "a storage may stand once in the list",
                       quoted_name(storage->first) + " again", kLegacyAgain);
    }
    bytes.emplace(storage->first, next_storage(storage->second));
  }
  return bytes;
}

LegacyPyTorchFile LegacyReader::read() {
  (void)next_pickle();  // the magic number
  check_protocol();
  (void)next_pickle();  // facts of the system: the storages do not need them
  LegacyPyTorchFile file;
  file.pickle = next_pickle();
  const auto storages = storages_in(where_, file.pickle);
  file.storages = read_bytes(storages);
  if (offset_ != file_.size()) {
    complain("the file must end after its storages",
             std::to_string(file_.size() - offset_) + " more bytes");
  }
  for (const auto& item : storages) {
    if (file.storages.count(item.first) != 0) continue;
    throw_file_error(where_, "the file must hold every storage",
                     "no storage " + quoted_name(item.first), kLegacyAgain);
  }
  return file;
}

}  // namespace

bool is_legacy_pytorch(std::string_view file) {
  return file.substr(0, 1) == "\x80" &&
         file.substr(0, kLatestMagic + kLegacyMagic.size())
                 .find(kLegacyMagic) != std::string_view::npos;
}

LegacyPyTorchFile parse_legacy_pytorch(const std::string& where,
                                       std::string_view file) {
  return LegacyReader(where, file).read();
}

}  // namespace expandnet
