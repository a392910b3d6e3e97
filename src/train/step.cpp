#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>
#include <expandnet/train/optimizers.h>
#include <expandnet/train/step.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/nn/utils/clip_grad.h>

#include <exception>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "train/graph.h"

namespace expandnet::train {

namespace {

std::vector<torch::Tensor> parameters_of(
    const torch::optim::Optimizer& optimizer) {
  std::vector<torch::Tensor> parameters;
  for (const auto& group : optimizer.param_groups()) {
    parameters.insert(parameters.end(), group.params().begin(),
                      group.params().end());
  }
  return parameters;
}

/// The parameters of the model that are folds: those that the optimizer does
/// not have.
std::vector<torch::Tensor> folds_of(const Expansion& expansion,
                                    bool with_vectors) {
  std::unordered_set<const c10::TensorImpl*> trained;
  for (const auto& parameter : expansion.parameters()) {
    trained.insert(parameter.unsafeGetTensorImpl());
  }
  std::vector<torch::Tensor> folds;
  for (const auto& parameter : expansion.model().parameters()) {
    if (!parameter.requires_grad() || (!with_vectors && parameter.dim() < 2) ||
        trained.count(parameter.unsafeGetTensorImpl()) != 0) {
      continue;
    }
    folds.push_back(parameter);
  }
  return folds;
}

/// Why a step cannot be captured; "" if it can.
std::string reason_against(const StepOptions& options,
                           const Capturable* capturable) {
  if (!options.capture) return "capture is switched off";
  if (!can_capture()) return "this build has no CUDA layer";
  if (options.max_grad_norm > 0) return "gradients are clipped";
  if (options.accumulate > 1) return "gradients are accumulated";
  if (options.reducer != nullptr) return "gradients are averaged over ranks";
  if (capturable == nullptr) {
    return "the optimizer is neither train::SGD nor train::AdamW";
  }
  return "";
}

}  // namespace

void SideStreams::abandon() noexcept {
  try {
    join();
  } catch (const std::exception&) {
    // The failure that led here is the one to be told.
  }
}

Step::Step(Loss loss, torch::optim::Optimizer& optimizer, Expansion* expansion,
           const StepOptions& options)
    : loss_(std::move(loss)),
      optimizer_(optimizer),
      capturable_(dynamic_cast<Capturable*>(&optimizer)),
      expansion_(expansion),
      options_(options),
      may_overlap_(expansion != nullptr && capturable_ != nullptr &&
                   options.max_grad_norm == 0 && options.accumulate == 1 &&
                   options.fold_decay == 0 && options.reducer == nullptr),
      reason_(reason_against(options, capturable_)) {
  TORCH_CHECK(options_.accumulate > 0,
              error_message("Step", "accumulate must be positive",
                            c10::str(options_.accumulate)));
  TORCH_CHECK(options_.max_grad_norm >= 0,
              error_message("Step", "max_grad_norm must not be negative",
                            c10::str(options_.max_grad_norm)));
  TORCH_CHECK(options_.warmup > 0,
              error_message("Step", "warmup must be positive",
                            c10::str(options_.warmup)));
  TORCH_CHECK(options_.fold_decay >= 0,
              error_message("Step", "fold_decay must not be negative",
                            c10::str(options_.fold_decay)));
  if (options_.fold_decay > 0 && expansion_ != nullptr) {
    folds_ = folds_of(*expansion_, options_.fold_decay_of_vectors);
  }
}

Step::~Step() = default;

void Step::zero_grad() {
  if (expansion_ != nullptr) {
    expansion_->zero_grad();
  } else {
    optimizer_.zero_grad();
  }
}

void Step::set_fold_decay(double fold_decay) {
  TORCH_CHECK(!options_.capture || graph_ == nullptr,
              error_message("Step", "a captured step must keep its fold_decay",
                            c10::str(fold_decay), "switch capture off"));
  options_.fold_decay = fold_decay;
}

void Step::decay_folds() {
  if (folds_.empty() || options_.fold_decay == 0) return;
  const at::NoGradGuard no_grad;
  for (auto& fold : folds_) {
    auto& gradient = fold.mutable_grad();
    if (gradient.defined()) gradient.add_(fold, options_.fold_decay);
  }
}

void Step::update() {
  decay_folds();
  if (options_.max_grad_norm > 0) {
    if (expansion_ != nullptr) expansion_->pull_back();
    torch::nn::utils::clip_grad_norm_(parameters_of(optimizer_),
                                      options_.max_grad_norm);
  }
  if (expansion_ != nullptr) {
    expansion_->step(optimizer_);
  } else {
    optimizer_.step();
  }
}

void Step::step_in_backward(const std::function<void()>& backward) {
  capturable_->write_rates();
  StepInBackward how;
  how.update = [this](const std::vector<torch::Tensor>& parameters) {
    capturable_->step_only(parameters);
  };
  if (streams_ == nullptr) {
    expansion_->step_in_backward(optimizer_, backward, how);
    return;
  }
  how.beside = [this](const std::function<void()>& work) {
    streams_->run(work);
  };
  try {
    expansion_->step_in_backward(optimizer_, backward, how);
  } catch (...) {
    streams_->abandon();
    throw;
  }
  streams_->join();
}

torch::Tensor Step::loss_of(const torch::Tensor& input,
                            const data::Tensors& targets) {
  if (expansion_ == nullptr || counted_sizes_ == input.sizes()) {
    return loss_(input, targets);
  }
  counted_sizes_ = input.sizes().vec();
  torch::Tensor loss;
  expansion_->observe([&] { loss = loss_(input, targets); });
  return loss;
}

torch::Tensor Step::eager(const torch::Tensor& input,
                          const data::Tensors& targets) {
  const auto position = calls_ % options_.accumulate;
  if (position == 0) zero_grad();
  ++calls_;
  auto loss = loss_of(input, targets);
  const auto backward = [&] {
    if (options_.accumulate > 1) {
      (loss / options_.accumulate).backward();
    } else {
      loss.backward();
    }
  };
  if (may_overlap_ && options_.overlap.value_or(input.is_cuda())) {
    if (input.is_cuda() && streams_ == nullptr) streams_ = side_streams();
    step_in_backward(backward);
    return loss.detach();
  }
  const bool is_last = position + 1 == options_.accumulate;
  if (is_last && options_.reducer != nullptr) {
    options_.reducer->average(backward);
  } else {
    backward();
  }
  if (is_last) update();
  return loss.detach();
}

void Step::tell_autograd() {
  for (const auto& parameter : parameters_of(optimizer_)) {
    torch::autograd::impl::bump_version(parameter);
  }
}

bool Step::is_warm(const torch::Tensor& input) {
  if (warm_sizes_ != input.sizes()) {
    warm_sizes_ = input.sizes().vec();
    warm_steps_ = 0;
  }
  return warm_steps_++ >= options_.warmup;
}

torch::Tensor Step::on_cuda(const torch::Tensor& input,
                            const data::Tensors& targets) {
  const auto run = [this](const torch::Tensor& x, const data::Tensors& y) {
    return eager(x, y);
  };
  if (graph_ != nullptr && graph_->accepts(input, targets)) {
    capturable_->write_rates();
    auto loss = graph_->replay(input, targets);
    capturable_->after_replay();
    if (expansion_ == nullptr) tell_autograd();
    return loss;
  }
  if (graph_ != nullptr || !is_warm(input)) {
    return run_beside(run, input, targets);
  }
  capturable_->write_rates();
  try {
    zero_grad();
    graph_ = capture(run, input, targets);
  } catch (const c10::Error& error) {
    reason_ = error.what_without_backtrace();
    // What was captured never ran.
    capturable_->count_again();
    if (expansion_ != nullptr) expansion_->fold();
    return eager(input, targets);
  }
  return graph_->replay(input, targets);  // counted while it was captured
}

torch::Tensor Step::operator()(const torch::Tensor& input,
                               const data::Tensors& targets) {
  if (input.is_cuda() && reason_.empty()) return on_cuda(input, targets);
  return eager(input, targets);
}

}  // namespace expandnet::train
