#include "io/pytorch/pytorch_reader.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/Storage.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "io/packed_tensor.h"
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

class PyTorchFileReader {
 public:
  PyTorchFileReader(std::shared_ptr<const MappedFile> file, ZipArchive zip)
      : where_(in_quotes(file->path())),
        file_(std::move(file)),
        archive_(where_, std::move(zip)) {}

  [[nodiscard]] Weights read(const std::string& key);

 private:
  [[nodiscard]] at::Tensor tensor(const std::string& where,
                                  const PyTorchTensorInfo& info);
  [[nodiscard]] const c10::Storage& storage(const std::string& where,
                                            const PyTorchTensorInfo& info);
  void check_bools(const std::string& where, std::string_view name);
  [[nodiscard]] c10::Storage storage_of(std::string_view bytes) const;

  const std::string where_;
  const std::shared_ptr<const MappedFile> file_;
  const PyTorchArchive archive_;
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
    const auto bytes =
        archive_.read(where, "data/" + std::string(info.storage));
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

Weights PyTorchFileReader::read(const std::string& key) {
  const std::string record = "data.pkl";
  const auto pickle = read_pickle(where_ + ", " + archive_.name_of(record),
                                  archive_.read(where_, record));
  Weights weights;
  for (const auto& [name, value] : find_state_dict(where_, pickle, key)) {
    const auto where = where_ + ", tensor " + quoted_name(name);
    weights.tensors.emplace_back(
        name, tensor(where, pytorch_tensor_info(where, pickle, value)));
  }
  return weights;
}

}  // namespace

Weights read_pytorch(std::shared_ptr<const MappedFile> file, ZipArchive zip,
                     const std::string& key) {
  return PyTorchFileReader(std::move(file), std::move(zip)).read(key);
}

}  // namespace expandnet
