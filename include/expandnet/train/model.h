// model.h: a module and its forward function, as training uses them.
#pragma once

#include <c10/core/MemoryFormat.h>
#include <expandnet/base/export.h>
#include <expandnet/data/loading/tensors.h>
#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <utility>

namespace expandnet::train {

/// A module of any type, and the function that runs it.
struct Model {
  std::shared_ptr<torch::nn::Module> module;
  std::function<data::Tensors(const torch::Tensor& images)> forward;
};

/// Makes a Model from a LibTorch module holder; the two share the module.
///
///     auto model = model_of(models::SmallNet());
template <typename Holder>
[[nodiscard]] Model model_of(Holder net) {
  return {net.ptr(), [net](const torch::Tensor& images) mutable {
            return net->forward(images);
          }};
}

/// Sets the memory format of all parameters with four dimensions, as Python's
/// `module.to(memory_format=...)` does. Call it before `expand`: the factors of
/// chains keep the library's own memory order.
EXPANDNET_API void set_memory_format(torch::nn::Module& module,
                                     c10::MemoryFormat format);

/// Sets training or evaluation mode. A BatchNorm whose weight is frozen
/// (`requires_grad` is false) stays in evaluation mode, so that its statistics
/// are frozen as well.
EXPANDNET_API void set_training(torch::nn::Module& module, bool on);

/// Sets training or evaluation mode, and restores the former mode on
/// destruction.
class EXPANDNET_API ModeGuard {
 public:
  ModeGuard(std::shared_ptr<torch::nn::Module> module, bool training)
      : module_(std::move(module)), before_(module_->is_training()) {
    set_training(*module_, training);
  }
  ~ModeGuard() { set_training(*module_, before_); }
  ModeGuard(const ModeGuard&) = delete;
  ModeGuard& operator=(const ModeGuard&) = delete;

 private:
  std::shared_ptr<torch::nn::Module> module_;
  bool before_;
};

}  // namespace expandnet::train
