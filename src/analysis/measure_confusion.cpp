#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>
#include <expandnet/analysis/gradient_confusion.h>
#include <expandnet/analysis/measure_confusion.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/error.h"

namespace expandnet::analysis {

namespace {

/// The batches of one measurement, over the ends of epochs.
class BatchStream {
 public:
  BatchStream(data::BatchSource& batches, std::int64_t epoch)
      : batches_(batches), epoch_(epoch) {
    batches_.start_epoch(epoch_);
  }

  data::Batch next() {
    while (true) {
      if (index_ == batches_.size()) {
        batches_.start_epoch(++epoch_);
        index_ = 0;
      }
      auto batch = batches_.batch(index_++);
      const auto images = batch.images.size(0);
      if (index_ == 1) first_ = images;
      const bool is_last = index_ == batches_.size();
      if (!is_last || images >= first_) return batch;
    }
  }

 private:
  data::BatchSource& batches_;
  std::int64_t epoch_;
  std::int64_t index_ = 0;
  std::int64_t first_ = 0;  ///< images in the first batch of the epoch
};

/// Epochs of the source that a measurement may take.
std::int64_t epochs_of(const data::BatchSource& batches, std::int64_t pairs) {
  const auto full = std::max<std::int64_t>(1, batches.size() - 1);
  return 2 * pairs / full + 1;
}

/// Puts a generator's state back when it goes.
class KeptGenerator {
 public:
  explicit KeptGenerator(at::Generator generator)
      : generator_(std::move(generator)) {
    const std::lock_guard<std::mutex> lock(generator_.mutex());
    state_ = generator_.get_state();
  }
  ~KeptGenerator() {
    const std::lock_guard<std::mutex> lock(generator_.mutex());
    generator_.set_state(state_);
  }
  KeptGenerator(const KeptGenerator&) = delete;
  KeptGenerator& operator=(const KeptGenerator&) = delete;

 private:
  at::Generator generator_;
  at::Tensor state_;
};

/// Takes the gradients of tensors away, and puts them back when it goes: the
/// same tensors, which a captured step writes to, with the same values.
class KeptGradients {
 public:
  explicit KeptGradients(const std::vector<at::Tensor>& tensors) {
    const at::NoGradGuard no_grad;
    std::unordered_set<const void*> seen;
    for (const auto& tensor : tensors) {
      if (!seen.insert(tensor.unsafeGetTensorImpl()).second) continue;
      const auto& gradient = tensor.grad();
      kept_.push_back(
          {tensor, gradient, gradient.defined() ? gradient.clone() : gradient});
    }
    drop();
  }
  ~KeptGradients() {
    const at::NoGradGuard no_grad;
    for (const auto& [tensor, gradient, values] : kept_) {
      if (gradient.defined()) gradient.copy_(values);
      tensor.mutable_grad() = gradient;
    }
  }
  KeptGradients(const KeptGradients&) = delete;
  KeptGradients& operator=(const KeptGradients&) = delete;

  void drop() const {
    for (const auto& one : kept_) one.tensor.mutable_grad() = at::Tensor();
  }

 private:
  struct Kept {
    at::Tensor tensor, gradient, values;
  };
  std::vector<Kept> kept_;
};

/// Puts the values of tensors back when it goes.
class KeptValues {
 public:
  explicit KeptValues(std::vector<at::Tensor> tensors)
      : tensors_(std::move(tensors)) {
    const at::NoGradGuard no_grad;
    for (const auto& tensor : tensors_) values_.push_back(tensor.clone());
  }
  ~KeptValues() {
    const at::NoGradGuard no_grad;
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      tensors_[i].copy_(values_[i]);
    }
  }
  KeptValues(const KeptValues&) = delete;
  KeptValues& operator=(const KeptValues&) = delete;

 private:
  std::vector<at::Tensor> tensors_, values_;
};

std::vector<at::Tensor> trained(const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> result;
  for (const auto& parameter : parameters) {
    if (parameter.requires_grad()) result.push_back(parameter);
  }
  return result;
}

/// The gradients of one batch, of the model and of the factors.
struct GradientsOfBatch {
  at::Tensor model, factors;
};

}  // namespace

Confusion measure_confusion(const train::Model& model, Expansion* expansion,
                            const tasks::Task::Loss& loss,
                            data::BatchSource& batches,
                            const ConfusionOptions& options) {
  TORCH_CHECK(options.pairs > 0,
              error_message("measure_confusion", "there must be a pair",
                            std::to_string(options.pairs)));
  const auto parameters = trained(model.module->parameters());
  const auto factors = expansion != nullptr ? expansion->parameters()
                                            : std::vector<at::Tensor>();
  auto all = parameters;
  all.insert(all.end(), factors.begin(), factors.end());

  BatchStream stream(batches,
                     options.epoch * epochs_of(batches, options.pairs));
  const train::ModeGuard mode(model.module, /*training=*/true);
  const KeptValues buffers(model.module->buffers());
  const KeptGradients gradients(all);
  const KeptGenerator generator(at::detail::getDefaultCPUGenerator());
  std::optional<KeptGenerator> of_device;
  const auto gradients_of_next = [&]() -> GradientsOfBatch {
    const auto batch = stream.next();
    const auto device = batch.images.device();
    if (device.is_cuda() && !of_device) {
      of_device.emplace(at::globalContext().defaultGenerator(device));
    }
    gradients.drop();
    const at::AutoGradMode with_graph(true);
    const auto value = [&] {
      const train::Autocast autocast(device, options.precision);
      return loss(model.forward(batch.images), batch.images, batch.targets);
    }();
    value.backward();
    GradientsOfBatch result;
    result.model = gradient_vector(parameters);
    if (expansion == nullptr) return result;
    expansion->pull_back();
    result.factors = gradient_vector(factors);
    return result;
  };
  Confusion confusion;
  for (std::int64_t pair = 0; pair < options.pairs; ++pair) {
    const auto one = gradients_of_next();
    const auto other = gradients_of_next();
    confusion.model.push_back(cosine(one.model, other.model));
    if (expansion == nullptr) continue;
    confusion.factors.push_back(cosine(one.factors, other.factors));
  }
  return confusion;
}

}  // namespace expandnet::analysis
