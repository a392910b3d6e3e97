#include "io/pytorch/pytorch_reader.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/Storage.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "io/packed_tensor.h"
#include "io/pytorch/legacy_file.h"
#include "io/pytorch/pickle.h"
#include "io/pytorch/pytorch_archive.h"
#include "io/pytorch/pytorch_state_dict.h"
#include "io/pytorch/pytorch_tensor_info.h"
#include "io/scalar_type.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "the elements of a PyTorch file are little endian");

namespace expandnet {

namespace {

constexpr std::uint64_t kLargestPyTorchElement = 16;  // complex128
/// Tensors may share storages, as tied weights do, or repeat what is in them.
/// As copies they would take any amount of memory: no more than so many times
/// the bytes that are there, and some for small ones.
constexpr double kMostPyTorchRepeats = 16;
constexpr double kMostPyTorchBytesBeyond = 256.0 * (1 << 20);

class PyTorchFileReader {
 public:
  /// The bytes of the storage of that name; `where` names what needs it.
  using FindStorage = std::function<std::string_view(const std::string& where,
                                                     std::string_view name)>;

  PyTorchFileReader(std::shared_ptr<const MappedFile> file,
                    FindStorage find_storage)
      : where_(in_quotes(file->path())),
        file_(std::move(file)),
        find_storage_(std::move(find_storage)) {}

  [[nodiscard]] PyTorchWeights read(const Pickle& pickle,
                                    const std::string& key);

 private:
  [[nodiscard]] at::Tensor tensor(const std::string& where,
                                  const PyTorchTensorInfo& info);
  [[nodiscard]] const c10::Storage& storage(const std::string& where,
                                            const PyTorchTensorInfo& info);
  void check_bools(const std::string& where, std::string_view name);
  void check_total(const Weights& weights) const;
  [[nodiscard]] c10::Storage storage_of(std::string_view bytes) const;

  const std::string where_;
  const std::shared_ptr<const MappedFile> file_;
  const FindStorage find_storage_;
  std::map<std::string_view, c10::Storage> storages_;
  std::set<std::string_view> bools_;  ///< storages that hold bools
};

/// The record as memory: a view of the file where its elements are aligned.
c10::Storage PyTorchFileReader::storage_of(std::string_view bytes) const {
  const auto offset =
      static_cast<std::size_t>(bytes.data() - file_->bytes().data());
  if (bytes.empty() || offset % kLargestPyTorchElement != 0) {
    const auto copy = at::empty({static_cast<std::int64_t>(bytes.size())},
                                at::TensorOptions(at::kByte));
    std::copy(bytes.begin(), bytes.end(),
              static_cast<char*>(copy.mutable_data_ptr()));
    return copy.storage();
  }
  using File = std::shared_ptr<const MappedFile>;
  auto keep = std::make_unique<File>(file_);
  const auto let_go = [](void* file) { delete static_cast<File*>(file); };
  c10::DataPtr data(file_->data() + offset, keep.get(), let_go, at::kCPU);
  (void)keep.release();  // `data` has it now
  return {c10::Storage::use_byte_size_t(), bytes.size(), std::move(data),
          /*allocator=*/nullptr, /*resizable=*/false};
}

const c10::Storage& PyTorchFileReader::storage(const std::string& where,
                                               const PyTorchTensorInfo& info) {
  auto found = storages_.find(info.storage);
  if (found == storages_.end()) {
    const auto bytes = find_storage_(where, info.storage);
    found = storages_.emplace(info.storage, storage_of(bytes)).first;
  }
  const auto& storage = found->second;
  if (storage.nbytes() != static_cast<std::uint64_t>(info.storage_bytes)) {
    throw_file_error(
        where,
        "its storage " + quoted_name(info.storage) + " must have " +
            std::to_string(info.storage_bytes) + " bytes",
        std::to_string(storage.nbytes()), "fetch the file or save it again");
  }
  return storage;
}

void PyTorchFileReader::check_bools(const std::string& where,
                                    std::string_view name) {
  if (!bools_.insert(name).second) return;
  const auto& storage = storages_.at(name);
  const std::string_view elements(static_cast<const char*>(storage.data()),
                                  storage.nbytes());
  if (find_wrong_bool(elements) == std::string_view::npos) return;
  throw_file_error(where, "elements of torch.bool must be 0 or 1",
                   "another byte", "fetch the file or save it again");
}

at::Tensor PyTorchFileReader::tensor(const std::string& where,
                                     const PyTorchTensorInfo& info) {
  const auto& bytes = storage(where, info);
  if (info.dtype == FileDtype::kBool) check_bools(where, info.storage);
  auto tensor = at::empty(
      {0}, at::TensorOptions(at::kCPU).dtype(scalar_type_of(info.dtype)));
  tensor.set_(bytes, info.offset, info.sizes, info.strides);
  if (info.conjugate) tensor = tensor.conj();
  if (info.negative) tensor = tensor._neg_view();
  return tensor;
}

void PyTorchFileReader::check_total(const Weights& weights) const {
  double claimed = 0, there = 0;
  for (const auto& item : weights.tensors) {
    claimed += static_cast<double>(item.second.nbytes());
  }
  for (const auto& item : storages_) {
    there += static_cast<double>(item.second.nbytes());
  }
  const auto most = kMostPyTorchRepeats * there + kMostPyTorchBytesBeyond;
  if (claimed <= most) return;
  throw_file_error(
      where_,
      "tensors that share " + std::to_string(std::llround(there)) +
          " bytes may have up to " + std::to_string(std::llround(most)) +
          " together",
      std::to_string(std::llround(claimed)),
      "save fewer of them, or only one of those that are the same");
}

PyTorchWeights PyTorchFileReader::read(const Pickle& pickle,
                                       const std::string& key) {
  auto state = find_state_dict(where_, pickle, key);
  Weights weights;
  for (auto& [name, value] : state.entries) {
    const auto where = where_ + ", tensor " + quoted_name(name);
    auto values = tensor(where, pytorch_tensor_info(where, pickle, value));
    weights.tensors.emplace_back(std::move(name), std::move(values));
  }
  check_total(weights);
  weights.notes = std::move(state.notes);
  return {std::move(weights), std::move(state.key)};
}

PyTorchWeights read_legacy_pytorch(
    const std::shared_ptr<const MappedFile>& file, const std::string& key) {
  const auto legacy =
      parse_legacy_pytorch(in_quotes(file->path()), file->bytes());
  const auto find_storage = [&](const std::string& /*where*/,
                                std::string_view name) {
    return legacy.storages.at(name);
  };
  return PyTorchFileReader(file, find_storage).read(legacy.pickle, key);
}

}  // namespace

PyTorchWeights read_pytorch(const std::shared_ptr<const MappedFile>& file,
                            ZipArchive zip, const std::string& key) {
  const auto where = in_quotes(file->path());
  const PyTorchArchive archive(where, std::move(zip));
  const std::string record = "data.pkl";
  const auto pickle = read_pickle(where + ", " + archive.name_of(record),
                                  archive.read(where, record));
  const auto find_storage = [&](const std::string& tensor,
                                std::string_view name) {
    return archive.read(tensor, "data/" + std::string(name));
  };
  return PyTorchFileReader(file, find_storage).read(pickle, key);
}

PyTorchWeights read_pytorch(const std::shared_ptr<const MappedFile>& file,
                            const std::string& key) {
  const auto bytes = file->bytes();
  if (is_legacy_pytorch(bytes)) return read_legacy_pytorch(file, key);
  return read_pytorch(file, open_pytorch_zip(in_quotes(file->path()), bytes),
                      key);
}

}  // namespace expandnet
