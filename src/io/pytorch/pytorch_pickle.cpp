#include "io/pytorch/pytorch_pickle.h"

#include "base/little_endian.h"

namespace expandnet {

namespace {

/// Writes instructions, by the names of Python's pickletools.py.
class PickleWriter {
 public:
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

  void protocol() { bytes_ += "\x80\x02"; }
  void stop() { bytes_ += '.'; }
  void mark() { bytes_ += '('; }
  void tuple() { bytes_ += 't'; }
  void empty_tuple() { bytes_ += ')'; }
  void reduce() { bytes_ += 'R'; }
  void set_items() { bytes_ += 'u'; }
  void persistent_id() { bytes_ += 'Q'; }
  void new_false() { bytes_ += '\x89'; }
  void global(std::string_view module, std::string_view name) {
    bytes_.append("c").append(module).append("\n");
    bytes_.append(name).append("\n");
  }
  void text(std::string_view text) {
    bytes_ += 'X';
    append_little_endian(bytes_, text.size(), 4);
    bytes_ += text;
  }
  void integer(std::int64_t number) {
    bytes_ += "\x8a\x08";  // LONG1 of 8 bytes
    append_little_endian(bytes_, static_cast<std::uint64_t>(number), 8);
  }
  void integers(const std::vector<std::int64_t>& numbers) {
    mark();
    for (const auto number : numbers) integer(number);
    tuple();
  }
  void empty_ordered_dict() {
    global("collections", "OrderedDict");
    empty_tuple();
    reduce();
  }

 private:
  std::string bytes_;
};

std::vector<std::int64_t> packed_strides(
    const std::vector<std::int64_t>& sizes) {
  std::vector<std::int64_t> strides(sizes.size(), 1);
  for (auto i = sizes.size(); i > 1; --i) {
    strides[i - 2] = strides[i - 1] * (sizes[i - 1] == 0 ? 1 : sizes[i - 1]);
  }
  return strides;
}

void write_storage_id(PickleWriter& out, const FileDtypeInfo& dtype,
                      std::size_t number, std::int64_t numel) {
  out.mark();
  out.text("storage");
  if (dtype.storage.empty()) {
    out.global("torch.storage", "UntypedStorage");
    numel *= static_cast<std::int64_t>(dtype.bytes);
  } else {
    out.global("torch", dtype.storage);
  }
  out.text(std::to_string(number));
  out.text("cpu");
  out.integer(numel);
  out.tuple();
  out.persistent_id();
}

void write_tensor(PickleWriter& out, const PackedTensor& tensor,
                  std::size_t number) {
  const auto& dtype = info_of(tensor.dtype);
  std::int64_t numel = 1;
  for (const auto size : tensor.sizes) numel *= size;
  // The storage does not tell the later dtypes: their function does.
  const bool is_typed = !dtype.storage.empty();
  out.global("torch._utils",
             is_typed ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3");
  out.mark();
  write_storage_id(out, dtype, number, numel);
  out.integer(0);  // offset
  out.integers(tensor.sizes);
  out.integers(packed_strides(tensor.sizes));
  out.new_false();           // records no gradients
  out.empty_ordered_dict();  // no hooks
  if (!is_typed) out.global("torch", dtype.torch);
  out.tuple();
  out.reduce();
}

}  // namespace

std::string pickle_state_dict(const std::vector<PackedTensor>& tensors) {
  PickleWriter out;
  out.protocol();
  out.empty_ordered_dict();
  out.mark();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    out.text(tensors[i].name);
    write_tensor(out, tensors[i], i);
  }
  out.set_items();
  out.stop();
  return out.bytes();
}

}  // namespace expandnet
