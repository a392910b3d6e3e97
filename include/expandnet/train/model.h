// model.h: a network as training sees it.
#pragma once

#include <c10/core/MemoryFormat.h>
#include <expandnet/data/loading/tensors.h>
#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <utility>

namespace expandnet::train {

/// A module of any type, and how to run it.
struct Model {
  std::shared_ptr<torch::nn::Module> module;
  std::function<data::Tensors(const torch::Tensor& images)> forward;
};

/// The Model of a LibTorch module holder, which it shares.
///
///     auto model = model_of(models::SmallNet());
template <typename Holder>
[[nodiscard]] Model model_of(Holder net) {
  return {net.ptr(), [net](const torch::Tensor& images) mutable {
            return net->forward(images);
          }};
}

/// Lays out all parameters of four dimensions, as Python's
/// `module.to(memory_format=...)` does. Call it before `expand`: the factors of
/// chains keep the memory order of the library.
void set_memory_format(torch::nn::Module& module, c10::MemoryFormat format);

/// Sets training mode on or off. A BatchNorm whose weight is frozen
/// (`requires_grad` is false) stays in evaluation mode: its statistics are
/// frozen, too.
void set_training(torch::nn::Module& module, bool on);

/// Sets training mode on or off, and back when it goes.
class ModeGuard {
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
