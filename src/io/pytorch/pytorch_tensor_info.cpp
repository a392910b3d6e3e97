#include "io/pytorch/pytorch_tensor_info.h"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "io/pytorch/pickle_describe.h"
#include "io/pytorch/pickle_fields.h"
#include "io/pytorch/pytorch_call.h"
#include "io/pytorch/pytorch_storage.h"

namespace expandnet {

namespace {

constexpr std::size_t kMaxPyTorchDimensions = 64;  // as LibTorch's iterators
/// A stride of 0 claims any number of bytes, which the first copy would take.
constexpr std::int64_t kMaxPyTorchExpanded = std::int64_t{1} << 26;
constexpr std::int64_t kPyTorchLargestInt =
    std::numeric_limits<std::int64_t>::max();

class PyTorchInfoReader {
 public:
  PyTorchInfoReader(const std::string& where, const Pickle& pickle)
      : where_(where), pickle_(pickle), fields_(where, pickle) {}

  [[nodiscard]] PyTorchTensorInfo read(PickleIndex value);

 private:
  void read_dtype(PickleIndex value);
  void read_metadata(PickleIndex value);
  void check_view() const;
  void check_elements() const;
  void leave_view();
  [[nodiscard]] std::vector<std::int64_t> numbers(const std::string& what,
                                                  PickleIndex value) const;
  [[noreturn]] void complain(const std::string& rule,
                             const std::string& value) const {
    fields_.complain(rule, value);
  }

  const std::string& where_;
  const Pickle& pickle_;
  const PickleFields fields_;
  PyTorchStorage storage_;
  PyTorchTensorInfo info_;
};

std::vector<std::int64_t> PyTorchInfoReader::numbers(const std::string& what,
                                                     PickleIndex value) const {
  const auto* tuple = pickle_.get<PickleTuple>(value);
  if (tuple == nullptr || tuple->items.size() > kMaxPyTorchDimensions) {
    complain(what + "s must be a tuple of at most " +
                 std::to_string(kMaxPyTorchDimensions),
             describe(pickle_, value));
  }
  std::vector<std::int64_t> numbers;
  for (const auto item : tuple->items)
    numbers.push_back(fields_.number(what, item));
  return numbers;
}

void PyTorchInfoReader::read_dtype(PickleIndex value) {
  const auto* global = pickle_.get<PickleGlobal>(value);
  const auto dtype = global != nullptr && global->module == "torch"
                         ? dtype_of_torch(global->name)
                         : std::nullopt;
  if (!dtype) {
    throw_file_error(where_, "dtype must be one of whole bytes",
                     describe(pickle_, value),
                     "convert the tensor before it is saved");
  }
  info_.dtype = *dtype;
}

/// How the tensor sees its storage.
void PyTorchInfoReader::read_metadata(PickleIndex value) {
  if (pickle_.get<PickleNone>(value) != nullptr) return;
  const auto* dict = pickle_.get<PickleDict>(value);
  if (dict == nullptr) {
    complain("metadata must be a dictionary", describe(pickle_, value));
  }
  for (const auto& [key, item] : dict->items) {
    const auto name = fields_.text("a key of metadata", key);
    const auto* flag = pickle_.get<bool>(item);
    if (flag == nullptr) {
      complain("metadata must be True or False", describe(pickle_, item));
    }
    if (name == "conj") info_.conjugate = *flag;
    if (name == "neg") info_.negative = *flag;
  }
  check_view();
}

/// Conjugates are complex; negatives are the imaginary parts of conjugates.
void PyTorchInfoReader::check_view() const {
  const auto is_one_of = [&](std::initializer_list<FileDtype> dtypes) {
    return std::find(dtypes.begin(), dtypes.end(), info_.dtype) != dtypes.end();
  };
  const bool is_complex = is_one_of(
      {FileDtype::kComplex32, FileDtype::kComplex64, FileDtype::kComplex128});
  const bool is_part = is_one_of(
      {FileDtype::kFloat16, FileDtype::kFloat32, FileDtype::kFloat64});
  if ((info_.conjugate && !is_complex) ||
      (info_.negative && !is_complex && !is_part)) {
    complain("a conjugate must be complex, and a negative part of one",
             std::string(info_of(info_.dtype).torch));
  }
}

void PyTorchInfoReader::check_elements() const {
  const auto& sizes = info_.sizes;
  const auto& strides = info_.strides;
  if (sizes.size() != strides.size()) {
    complain(
        "a tensor must have a stride for each size",
        std::to_string(strides.size()) + " for " + expandnet::sizes(sizes));
  }
  // How many elements there are, and the position of the last.
  std::int64_t numel = 1;
  auto last = info_.offset;
  bool is_empty = false;
  bool overflows = false;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0) {
      is_empty = true;
      continue;
    }
    std::int64_t span = 0;
    overflows = overflows || __builtin_mul_overflow(numel, sizes[i], &numel) ||
                __builtin_mul_overflow(sizes[i] - 1, strides[i], &span) ||
                __builtin_add_overflow(last, span, &last);
  }
  const auto element_bytes =
      static_cast<std::int64_t>(info_of(info_.dtype).bytes);
  overflows =
      overflows || std::max(numel, last) > kPyTorchLargestInt / element_bytes;
  if (overflows || (!is_empty && last >= storage_.view_bytes / element_bytes)) {
    complain("a tensor must lie in its storage of " +
                 std::to_string(storage_.view_bytes) + " bytes",
             "sizes " + expandnet::sizes(sizes) + ", strides " +
                 expandnet::sizes(strides) + " from element " +
                 std::to_string(info_.offset));
  }
  const auto bytes = is_empty ? 0 : numel * element_bytes;
  if (bytes > storage_.view_bytes && bytes > kMaxPyTorchExpanded) {
    throw_file_error(
        where_,
        "a tensor may have more bytes than its storage, of " +
            std::to_string(storage_.view_bytes) + ", up to " +
            std::to_string(kMaxPyTorchExpanded),
        std::to_string(bytes) + " for sizes " + expandnet::sizes(sizes),
        "save it contiguous");
  }
}

/// Counts from the beginning of the storage, and not of a view of it.
void PyTorchInfoReader::leave_view() {
  const auto size = static_cast<std::int64_t>(info_of(info_.dtype).bytes);
  if (storage_.view_offset % size != 0) {
    complain("a view must begin with an element of " + std::to_string(size) +
                 " bytes",
             "byte " + std::to_string(storage_.view_offset));
  }
  info_.offset += storage_.view_offset / size;
}

PyTorchTensorInfo PyTorchInfoReader::read(PickleIndex value) {
  const auto [function, arguments] = pytorch_call(where_, pickle_, value);
  storage_ = pytorch_storage(where_, pickle_, arguments[0]);
  info_.storage = storage_.name;
  info_.storage_bytes = storage_.bytes;
  info_.offset = fields_.number("offset", arguments[1]);
  info_.sizes = numbers("size", arguments[2]);
  info_.strides = numbers("stride", arguments[3]);
  std::size_t next = 6;
  if (function == PyTorchFunction::kTensorV3) {
    read_dtype(arguments[next++]);
  } else if (storage_.dtype) {
    info_.dtype = *storage_.dtype;
  } else {
    complain("a tensor must have a dtype", "a storage without any");
  }
  if (arguments.size() > next) read_metadata(arguments[next]);
  check_elements();
  leave_view();
  return info_;
}

}  // namespace

PyTorchTensorInfo pytorch_tensor_info(const std::string& where,
                                      const Pickle& pickle, PickleIndex value) {
  return PyTorchInfoReader(where, pickle).read(value);
}

}  // namespace expandnet
