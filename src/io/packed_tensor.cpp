#include "io/packed_tensor.h"

#include "base/error.h"
#include "base/text.h"

namespace expandnet {

namespace {

/// What keeps the elements out of reach, null if nothing does.
const char* obstacle_to_packing(const at::Tensor& tensor) {
  if (tensor.is_quantized()) return "a quantized one";
  if (tensor.is_nested()) return "a nested one";
  if (tensor.layout() != at::kStrided) return "a sparse one";
  if (tensor.is_meta()) return "one on the meta device";
  if (!tensor.has_storage() || tensor._is_zerotensor()) {
    return "one without storage";
  }
  return nullptr;
}

}  // namespace

void check_packable(const std::string& where, const std::string& name,
                    const at::Tensor& tensor) {
  const auto subject = "tensor " + quoted_name(name);
  if (!tensor.defined()) {
    throw_argument_error(where, subject + " must be defined", "none",
                         "leave it out");
  }
  if (const auto* obstacle = obstacle_to_packing(tensor)) {
    throw_argument_error(where, subject + " must have its elements in memory",
                         obstacle, "make it a dense one first");
  }
}

std::size_t find_wrong_bool(std::string_view elements) {
  return elements.find_first_not_of(std::string_view("\0\1", 2));
}

at::Tensor packed_on_cpu(const at::Tensor& tensor) {
  return tensor.detach().to(at::kCPU).resolve_conj().resolve_neg().contiguous();
}

}  // namespace expandnet
