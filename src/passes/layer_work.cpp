#include "passes/layer_work.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/library.h>

#include <map>
#include <string>
#include <utility>

#include "passes/target.h"

namespace expandnet {

namespace {

/// Stands above all of LibTorch's own, and is in use only while it is switched
/// on for this thread. (`at::RecordFunction` shows inputs, too, but has another
/// layout in a debug build than in the LibTorch that it is built against.)
constexpr auto kWatch = c10::DispatchKey::TESTING_ONLY_GenericMode;

/// A layer whose weight an operator may read.
struct RecordedLayer {
  const void* weight;  ///< TensorImpl
  /// Multiply-adds for each number of the output; of the input, if transposed.
  std::int64_t per_number;
  bool transposed;
};

/// Where a tensor's numbers begin. Those of a weight that is a view of a
/// storage have a place of their own, which its transpose shares.
using Place = std::pair<const void*, std::int64_t>;

Place place_of(const at::Tensor& tensor) {
  return {tensor.storage().unsafeGetStorageImpl(), tensor.storage_offset()};
}

/// What is counted on this thread.
struct Watch {
  std::map<Place, RecordedLayer> by_place;
  LayerWork work;
};

thread_local Watch* current = nullptr;

/// Operators that layers are made of; the others cannot read a weight as one.
bool is_layers(const std::string& name) {
  for (const auto* one :
       {"aten::conv1d", "aten::conv2d", "aten::conv3d", "aten::convolution",
        "aten::_convolution", "aten::conv_transpose1d",
        "aten::conv_transpose2d", "aten::conv_transpose3d", "aten::linear",
        "aten::addmm", "aten::matmul", "aten::mm"}) {
    if (name == one) return true;
  }
  return false;
}

/// The layer whose weight is among the arguments, and the numbers in the input
/// that it is applied to.
struct Reading {
  const RecordedLayer* layer = nullptr;
  std::int64_t input_numbers = 0;
};

Reading reading_of(const c10::ArrayRef<c10::IValue>& arguments) {
  Reading reading;
  std::int64_t most_dims = 0;
  for (const auto& argument : arguments) {
    if (!argument.isTensor() || !argument.toTensor().has_storage()) continue;
    const auto& tensor = argument.toTensor();
    const auto found = current->by_place.find(place_of(tensor));
    if (found != current->by_place.end()) {
      reading.layer = &found->second;
    } else if (tensor.dim() > most_dims) {  // what is not a bias
      most_dims = tensor.dim();
      reading.input_numbers = tensor.numel();
    }
  }
  return reading;
}

/// Runs an operator, whose own ones are not watched, and counts it.
void watch(const c10::OperatorHandle& function, torch::jit::Stack* stack) {
  const c10::impl::ExcludeDispatchKeyGuard unwatched(kWatch);
  Reading reading;
  if (current != nullptr && is_layers(function.schema().name())) {
    reading = reading_of(
        torch::jit::last(*stack, function.schema().arguments().size()));
  }
  function.callBoxed(stack);
  if (reading.layer == nullptr) return;
  const auto& layer = *reading.layer;
  current->work[layer.weight] +=
      layer.per_number * (layer.transposed ? reading.input_numbers
                                           : stack->back().toTensor().numel());
}

TORCH_LIBRARY_IMPL(_, TESTING_ONLY_GenericMode, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&watch>());
}

/// Counts into a Watch while it lives.
class Watching {
 public:
  explicit Watching(Watch& counted) : before_(current) { current = &counted; }
  ~Watching() { current = before_; }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;

 private:
  Watch* before_;
  c10::impl::IncludeDispatchKeyGuard watched_{kWatch};
};

}  // namespace

LayerWork layer_work(torch::nn::Module& model,
                     const std::function<void()>& forward) {
  Watch counted;
  for (const auto& target : find_targets(model)) {
    const auto& weight = target.parameters.weight;
    const bool transposed = target.layer.transposed;
    const auto channels =
        transposed ? target.layer.in_channels : target.layer.out_channels;
    counted.by_place.emplace(
        place_of(weight), RecordedLayer{weight.unsafeGetTensorImpl(),
                                        weight.numel() / channels, transposed});
  }
  {
    const Watching watching(counted);
    forward();
  }
  return counted.work;
}

}  // namespace expandnet
