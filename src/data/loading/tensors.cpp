#include <c10/util/Exception.h>
#include <expandnet/data/loading/tensors.h>

#include <string>

#include "base/error.h"

namespace expandnet::data {

const at::Tensor& Tensors::one() const {
  TORCH_CHECK(all_.size() == 1,
              error_message("Tensors", "there must be exactly one",
                            std::to_string(all_.size()),
                            "take those that are needed from all()"));
  return all_.front();
}

Tensors Tensors::detach() const {
  Tensors detached;
  for (const auto& tensor : all_) detached.all_.push_back(tensor.detach());
  return detached;
}

}  // namespace expandnet::data
