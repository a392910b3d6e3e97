#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>
#include <expandnet/train/optimizers.h>
#include <torch/csrc/autograd/variable.h>

#include <cstdint>
#include <optional>
#include <unordered_set>
#include <utility>

namespace expandnet::train {

namespace {

using torch::optim::OptimizerParamGroup;

/// The tensors of one fused call: one device, one dtype.
struct Batch {
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;
  std::vector<at::Tensor> parameters;
  std::vector<at::Tensor> gradients;
};

/// Some of an optimizer's parameters, or all of them.
class Selection {
 public:
  explicit Selection(const std::vector<at::Tensor>* only) {
    if (only == nullptr) return;
    keys_.emplace();
    for (const auto& parameter : *only) {
      keys_->insert(parameter.unsafeGetTensorImpl());
    }
  }
  [[nodiscard]] bool has(const at::Tensor& parameter) const {
    return !keys_ || keys_->count(parameter.unsafeGetTensorImpl()) > 0;
  }

 private:
  std::optional<std::unordered_set<const void*>> keys_;
};

/// Whether two tensors of one shape lie in memory alike: the strides of sides
/// of one number say nothing.
bool is_laid_out_alike(const at::Tensor& a, const at::Tensor& b) {
  for (std::int64_t i = 0; i < a.dim(); ++i) {
    if (a.size(i) != 1 && a.stride(i) != b.stride(i)) return false;
  }
  return true;
}

/// A gradient or a state with the strides of its parameter: itself, seen so, or
/// a copy. A state that was loaded may have been saved in another order.
at::Tensor laid_out_as(const at::Tensor& parameter, const at::Tensor& tensor) {
  if (tensor.strides() == parameter.strides()) return tensor;
  if (is_laid_out_alike(tensor, parameter)) {
    return tensor.as_strided(parameter.sizes(), parameter.strides());
  }
  return at::empty_like(parameter).copy_(tensor);
}

/// The same numbers in one row, in the order of the memory. The kernels of the
/// CPU copy tensors that are not contiguous.
std::vector<at::Tensor> in_rows(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> rows;
  rows.reserve(tensors.size());
  for (const auto& tensor : tensors) {
    rows.push_back(tensor.is_non_overlapping_and_dense()
                       ? tensor.as_strided({tensor.numel()}, {1})
                       : tensor);
  }
  return rows;
}

/// The selected parameters of a group that have gradients, by device and dtype.
/// The kernels walk memory and ignore strides, so gradients must have those of
/// their parameter. From the last to the first: the gradient written last is
/// read while it is still in the cache.
std::vector<Batch> batches_of(const OptimizerParamGroup& group,
                              const Selection& selection) {
  std::vector<Batch> batches;
  const auto batch_for = [&](const at::Tensor& parameter) -> Batch& {
    for (auto& batch : batches) {
      if (batch.device == parameter.device() &&
          batch.dtype == parameter.scalar_type()) {
        return batch;
      }
    }
    return batches.emplace_back(
        Batch{parameter.device(), parameter.scalar_type(), {}, {}});
  };
  const auto& parameters = group.params();
  for (auto i = parameters.size(); i-- > 0;) {
    const auto& parameter = parameters[i];
    const auto& grad = parameter.grad();
    if (!grad.defined() || !selection.has(parameter)) continue;
    auto& batch = batch_for(parameter);
    batch.parameters.push_back(parameter);
    batch.gradients.push_back(laid_out_as(parameter, grad));
  }
  return batches;
}

/// The fused kernels write without telling autograd.
void bump_versions(const std::vector<at::Tensor>& parameters) {
  for (const auto& parameter : parameters) {
    torch::autograd::impl::bump_version(parameter);
  }
}

/// The learning rate of group `index` where the kernel reads it. It is written
/// only when it has changed: never while a step is captured, which would repeat
/// the value of that moment.
const at::Tensor& on_device(std::vector<DeviceRate>& rates, std::size_t index,
                            double value, const at::Device& device) {
  if (rates.size() <= index) rates.resize(index + 1);
  auto& rate = rates[index];
  if (!rate.tensor.defined() || rate.tensor.device() != device) {
    rate = {at::full({}, value, at::TensorOptions(at::kFloat).device(device)),
            value};
  } else if (rate.value != value) {
    rate.tensor.fill_(value);
    rate.value = value;
  }
  return rate.tensor;
}

/// Writes the rates of the groups that are on a GPU.
template <typename Options>
void update_rates(const std::vector<OptimizerParamGroup>& groups,
                  std::vector<DeviceRate>& rates) {
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const auto& parameters = groups[i].params();
    if (parameters.empty() || !parameters.front().is_cuda()) continue;
    const auto lr = static_cast<const Options&>(groups[i].options()).lr();
    static_cast<void>(on_device(rates, i, lr, parameters.front().device()));
  }
}

torch::Tensor evaluate(const torch::optim::Optimizer::LossClosure& closure) {
  if (!closure) return {};
  const at::AutoGradMode with_gradients(true);
  return closure();
}

template <typename State>
State& state_of(
    ska::flat_hash_map<
        void*, std::unique_ptr<torch::optim::OptimizerParamState>>& states,
    const at::Tensor& parameter) {
  auto& state = states[parameter.unsafeGetTensorImpl()];
  if (state == nullptr) state = std::make_unique<State>();
  return static_cast<State&>(*state);
}

}  // namespace

torch::Tensor SGD::step(LossClosure closure) {
  auto loss = evaluate(closure);
  update(nullptr);
  return loss;
}

void SGD::step_only(const std::vector<torch::Tensor>& parameters) {
  update(&parameters);
}

void SGD::update(const std::vector<torch::Tensor>* only) {
  const torch::NoGradGuard no_grad;
  const Selection selection(only);
  for (std::size_t g = 0; g < param_groups_.size(); ++g) {
    const auto& options = static_cast<const torch::optim::SGDOptions&>(
        param_groups_[g].options());
    for (const auto& batch : batches_of(param_groups_[g], selection)) {
      // Fresh buffers take the first gradient undamped, so they go separately.
      Batch fresh;
      Batch going;
      std::vector<at::Tensor> fresh_buffers;
      std::vector<at::Tensor> buffers;
      for (std::size_t i = 0; i < batch.parameters.size(); ++i) {
        const auto& parameter = batch.parameters[i];
        if (options.momentum() == 0) {
          going.parameters.push_back(parameter);
          going.gradients.push_back(batch.gradients[i]);
          continue;
        }
        auto& state = state_of<torch::optim::SGDParamState>(state_, parameter);
        const bool is_fresh = !state.momentum_buffer().defined();
        state.momentum_buffer(
            is_fresh ? at::zeros_like(parameter)
                     : laid_out_as(parameter, state.momentum_buffer()));
        auto& into = is_fresh ? fresh : going;
        into.parameters.push_back(parameter);
        into.gradients.push_back(batch.gradients[i]);
        (is_fresh ? fresh_buffers : buffers).push_back(state.momentum_buffer());
      }
      const auto update = [&](Batch& part, std::vector<at::Tensor>& momenta,
                              bool first) {
        if (part.parameters.empty()) return;
        const auto device = part.parameters.front().device();
        if (device.is_cuda()) {
          at::_fused_sgd_(part.parameters, part.gradients, momenta,
                          options.weight_decay(), options.momentum(),
                          on_device(rates_, g, options.lr(), device),
                          options.dampening(), options.nesterov(),
                          /*maximize=*/false, first);
        } else {
          at::_fused_sgd_(in_rows(part.parameters), in_rows(part.gradients),
                          in_rows(momenta), options.weight_decay(),
                          options.momentum(), options.lr(), options.dampening(),
                          options.nesterov(),
                          /*maximize=*/false, first);
        }
        bump_versions(part.parameters);
      };
      update(fresh, fresh_buffers, true);
      update(going, buffers, false);
    }
  }
}

void SGD::write_rates() {
  update_rates<torch::optim::SGDOptions>(param_groups_, rates_);
}

torch::Tensor AdamW::step(LossClosure closure) {
  auto loss = evaluate(closure);
  update(nullptr);
  return loss;
}

void AdamW::step_only(const std::vector<torch::Tensor>& parameters) {
  update(&parameters);
}

void AdamW::update(const std::vector<torch::Tensor>* only) {
  const torch::NoGradGuard no_grad;
  const Selection selection(only);
  for (std::size_t g = 0; g < param_groups_.size(); ++g) {
    const auto& options = static_cast<const torch::optim::AdamWOptions&>(
        param_groups_[g].options());
    for (auto& batch : batches_of(param_groups_[g], selection)) {
      std::vector<at::Tensor> averages;
      std::vector<at::Tensor> squares;
      std::vector<at::Tensor> largest;
      std::vector<at::Tensor> steps;
      const auto device = batch.parameters.front().device();
      for (const auto& parameter : batch.parameters) {
        auto& state =
            state_of<torch::optim::AdamWParamState>(state_, parameter);
        if (!state.exp_avg().defined()) {
          state.step(0);
          state.exp_avg(at::zeros_like(parameter));
          state.exp_avg_sq(at::zeros_like(parameter));
          if (options.amsgrad()) {
            state.max_exp_avg_sq(at::zeros_like(parameter));
          }
        }
        state.exp_avg(laid_out_as(parameter, state.exp_avg()));
        state.exp_avg_sq(laid_out_as(parameter, state.exp_avg_sq()));
        if (options.amsgrad()) {
          state.max_exp_avg_sq(laid_out_as(parameter, state.max_exp_avg_sq()));
        }
        auto& count = steps_[parameter.unsafeGetTensorImpl()];
        if (!count.defined() || count.device() != device) {
          count = at::full({}, static_cast<double>(state.step()),
                           at::TensorOptions(at::kFloat).device(device));
        }
        state.step(state.step() + 1);
        averages.push_back(state.exp_avg());
        squares.push_back(state.exp_avg_sq());
        if (options.amsgrad()) largest.push_back(state.max_exp_avg_sq());
        steps.push_back(count);
      }
      at::_foreach_add_(steps, 1);
      const auto [beta1, beta2] = options.betas();
      if (device.is_cuda()) {
        at::_fused_adamw_(batch.parameters, batch.gradients, averages, squares,
                          largest, steps,
                          on_device(rates_, g, options.lr(), device), beta1,
                          beta2, options.weight_decay(), options.eps(),
                          options.amsgrad(), /*maximize=*/false);
      } else {
        at::_fused_adamw_(in_rows(batch.parameters), in_rows(batch.gradients),
                          in_rows(averages), in_rows(squares), in_rows(largest),
                          steps, options.lr(), beta1, beta2,
                          options.weight_decay(), options.eps(),
                          options.amsgrad(), /*maximize=*/false);
      }
      bump_versions(batch.parameters);
    }
  }
}

void AdamW::load(torch::serialize::InputArchive& archive) {
  torch::optim::AdamW::load(archive);
  steps_.clear();  // counted again from the state
}

void AdamW::write_rates() {
  update_rates<torch::optim::AdamWOptions>(param_groups_, rates_);
}

void AdamW::after_replay() {
  for (auto& entry : state_) {
    auto& state = static_cast<torch::optim::AdamWParamState&>(*entry.second);
    state.step(state.step() + 1);
  }
}

void AdamW::count_again() {
  for (auto& entry : state_) {
    const auto count = steps_.find(entry.first);
    if (count == steps_.end()) continue;
    auto& state = static_cast<torch::optim::AdamWParamState&>(*entry.second);
    state.step(static_cast<std::int64_t>(count->second.item<float>()));
  }
}

}  // namespace expandnet::train
