#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>
#include <torch/serialize/archive.h>

#include <algorithm>
#include <limits>
#include <mutex>
#include <sstream>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/libtorch_errors.h"
#include "base/table.h"
#include "base/text.h"
#include "base/weight_paths.h"
#include "fold/relative_error.h"
#include "fold/site_message.h"
#include "nn/saved_chain.h"
#include "passes/check.h"
#include "passes/expansion_impl.h"
#include "passes/steps_in_backward.h"
#include "passes/summary.h"

namespace expandnet {

namespace {

/// Weights that some Expansion folds into: expanding one of them again would
/// have two chains write to it.
class Registry {
 public:
  void add(const at::Tensor& weight) {
    const std::lock_guard lock(mutex_);
    weights_.insert(weight.unsafeGetTensorImpl());
  }
  void remove(const at::Tensor& weight) {
    const std::lock_guard lock(mutex_);
    weights_.erase(weight.unsafeGetTensorImpl());
  }
  bool contains(const at::Tensor& weight) {
    const std::lock_guard lock(mutex_);
    return weights_.count(weight.unsafeGetTensorImpl()) > 0;
  }

 private:
  std::mutex mutex_;
  std::unordered_set<const void*> weights_;
};

Registry& registry() {
  static Registry instance;
  return instance;
}

/// Reads the archive of the module at that path; false if there is none.
bool try_read_at(torch::serialize::InputArchive& root, const std::string& path,
                 torch::serialize::InputArchive& found) {
  auto* parent = &root;
  for (const auto& part : split(path, '.')) {
    torch::serialize::InputArchive child;
    if (!parent->try_read(part, child)) return false;
    found = std::move(child);
    parent = &found;
  }
  return true;
}

/// Registers `chain` under `path` in a tree of plain modules.
void plant(torch::nn::Module& root, const std::string& path,
           const Chain& chain) {
  auto* node = &root;
  std::stringstream parts(path);
  for (std::string part; std::getline(parts, part, '.');) {
    const auto children = node->named_children();
    const auto* child = children.find(part);
    node = child != nullptr
               ? child->get()
               : node->register_module(
                         part, std::make_shared<torch::nn::Module>(part))
                     .get();
  }
  node->register_module("chain", chain.ptr());
}

/// Largest relative error of a fold in the factors' dtype: the rounding of
/// sums of a few thousand products, and of the cast to the layer's dtype.
double rounding(at::ScalarType factors, at::ScalarType compact) {
  const auto epsilon = [](at::ScalarType dtype) {
    switch (dtype) {
      case at::kDouble:
        return std::numeric_limits<double>::epsilon();
      case at::kFloat:
        return static_cast<double>(std::numeric_limits<float>::epsilon());
      case at::kHalf:
        return 0x1p-10;
      default:
        return 0x1p-7;  // bfloat16
    }
  };
  return 1024 * epsilon(factors) + epsilon(compact);
}

}  // namespace

bool is_expanded(const at::Tensor& weight) {
  return registry().contains(weight);
}

std::string chain_key(const std::string& path, const std::string& key) {
  return under(path, "chain." + key);
}

void Expansion::Impl::adopt(std::vector<WeightSpaceLayer> adopted) {
  layers = std::move(adopted);
  for (const auto& layer : layers) {
    plant(*chains, layer.path, layer.chain);
    for (const auto& factor : layer.chain->named_parameters()) {
      factors.push_back(
          {layer.path, chain_key(layer.path, factor.key()), factor.value()});
    }
    registry().add(layer.compact.weight);
  }
  batch();
}

void Expansion::Impl::release() {
  for (const auto& layer : layers) registry().remove(layer.compact.weight);
  layers.clear();
  factors.clear();
  batches.clear();
}

void Expansion::Impl::batch() {
  std::vector<std::vector<WeightSpaceLayer>> sorted;
  for (const auto& layer : layers) {
    const auto home =
        std::find_if(sorted.begin(), sorted.end(), [&](const auto& members) {
          return ChainBatch::compatible(*members.front().chain, *layer.chain);
        });
    if (home == sorted.end()) {
      sorted.push_back({layer});
    } else {
      home->push_back(layer);
    }
  }
  batches.clear();
  for (auto& members : sorted) batches.emplace_back(std::move(members));
}

std::vector<ChainedLayer> Expansion::Impl::chained_layers() const {
  std::vector<ChainedLayer> chained;
  for (const auto& layer : layers) {
    chained.push_back({layer.path, layer.chain.get(), layer.compact,
                       std::nullopt, std::nullopt});
    const auto found = work.find(layer.compact.weight.unsafeGetTensorImpl());
    if (found != work.end()) chained.back().work = found->second;
  }
  return chained;
}

void Expansion::Impl::fold() {
  for (auto& batch : batches) batch.fold();
  pulled.clear();
}

std::vector<at::Tensor> Expansion::Impl::not_expanded(
    const torch::optim::Optimizer& optimizer) const {
  std::unordered_set<const void*> own;
  for (const auto& factor : factors) {
    own.insert(factor.tensor.unsafeGetTensorImpl());
  }
  std::vector<at::Tensor> others;
  for (const auto& group : optimizer.param_groups()) {
    for (const auto& parameter : group.params()) {
      if (own.count(parameter.unsafeGetTensorImpl()) == 0) {
        others.push_back(parameter);
      }
    }
  }
  return others;
}

std::vector<Expansion::Impl::SeenGradient> Expansion::Impl::gradients() const {
  std::vector<SeenGradient> seen;
  for (const auto& layer : layers) {
    for (const auto* tensor : {&layer.compact.weight, &layer.compact.bias}) {
      if (!tensor->defined()) continue;
      const auto& grad = tensor->grad();
      seen.push_back({grad, grad.defined()
                                ? static_cast<std::int64_t>(grad._version())
                                : 0});
    }
  }
  return seen;
}

bool Expansion::Impl::is_pulled_back() const {
  const auto now = gradients();
  return std::equal(now.begin(), now.end(), pulled.begin(), pulled.end(),
                    [](const SeenGradient& a, const SeenGradient& b) {
                      return a.grad.is_same(b.grad) && a.version == b.version;
                    });
}

Expansion::Expansion(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Expansion::Expansion(Expansion&&) noexcept = default;
Expansion& Expansion::operator=(Expansion&&) noexcept = default;
Expansion::~Expansion() = default;

torch::OrderedDict<std::string, torch::Tensor> Expansion::named_parameters()
    const {
  std::unordered_map<const void*, const WeightSpaceLayer*> expanded;
  const auto& layers = impl_->layers;
  for (const auto& layer : layers) {
    expanded[layer.compact.weight.unsafeGetTensorImpl()] = &layer;
    if (!layer.compact.bias.defined()) continue;
    expanded[layer.compact.bias.unsafeGetTensorImpl()] = nullptr;
  }
  torch::OrderedDict<std::string, torch::Tensor> parameters;
  std::unordered_set<const void*> seen;
  for (const auto& entry : impl_->model->named_parameters()) {
    const auto* key = entry.value().unsafeGetTensorImpl();
    if (!seen.insert(key).second) continue;
    const auto found = expanded.find(key);
    if (found == expanded.end()) {
      parameters.insert(entry.key(), entry.value());
    } else if (found->second != nullptr) {
      const auto& layer = *found->second;
      for (const auto& factor : layer.chain->named_parameters()) {
        parameters.insert(chain_key(layer.path, factor.key()), factor.value());
      }
    }
  }
  return parameters;
}

torch::OrderedDict<std::string, torch::Tensor> Expansion::named_buffers()
    const {
  auto buffers = impl_->model->named_buffers();
  buffers.update(impl_->chains->named_buffers());
  return buffers;
}

std::vector<torch::Tensor> Expansion::parameters() const {
  return named_parameters().values();
}

std::vector<torch::Tensor> Expansion::other_parameters() const {
  std::unordered_set<const void*> expanded;
  for (const auto& layer : impl_->layers) {
    expanded.insert(layer.compact.weight.unsafeGetTensorImpl());
    if (!layer.compact.bias.defined()) continue;
    expanded.insert(layer.compact.bias.unsafeGetTensorImpl());
  }
  std::vector<torch::Tensor> others;
  for (const auto& parameter : impl_->model->parameters()) {
    if (expanded.insert(parameter.unsafeGetTensorImpl()).second) {
      others.push_back(parameter);
    }
  }
  return others;
}

void Expansion::zero_grad(bool set_to_none) {
  impl_->model->zero_grad(set_to_none);
  impl_->chains->zero_grad(set_to_none);
  impl_->pulled.clear();
}

void Expansion::pull_back() {
  impl_->check_compact("pull_back");
  impl_->check_fresh("pull_back");
  for (auto& batch : impl_->batches) batch.pull_back();
  impl_->pulled = impl_->gradients();
}

void Expansion::fold() {
  impl_->check_compact("fold");
  impl_->fold();
}

void Expansion::step(torch::optim::Optimizer& optimizer) {
  impl_->check_optimizer(optimizer);
  if (impl_->is_pulled_back()) {
    impl_->check_compact("step");
  } else {
    pull_back();
  }
  optimizer.step();
  impl_->fold();
}

void Expansion::step_in_backward(torch::optim::Optimizer& optimizer,
                                 const std::function<void()>& backward,
                                 const StepInBackward& how) {
  impl_->check_optimizer(optimizer);
  impl_->check_compact("step");
  impl_->check_fresh("step");
  impl_->pulled.clear();
  {
    StepsInBackward steps(impl_->batches, how);
    try {
      backward();
    } catch (const c10::Error& error) {
      if (!is_modified_in_place(error)) throw;
      TORCH_CHECK(false,
                  error_message("step",
                                "the backward pass must not read an expanded "
                                "weight whose gradient is complete",
                                "one that does, through detach() say",
                                "step after the pass (StepOptions::overlap)"));
    }
    steps.finish();
  }
  how.update(impl_->not_expanded(optimizer));
}

void Expansion::observe(const std::function<void()>& forward) {
  impl_->work = layer_work(*impl_->model, forward);
}

void Expansion::to(torch::Device device) {
  impl_->model->to(device);
  impl_->chains->to(device);
  impl_->batch();
  fold();
}

void Expansion::to(torch::Dtype dtype) {
  impl_->chains->to(dtype);
  impl_->model->to(dtype);
  impl_->batch();
  fold();
}

void Expansion::to(torch::Device device, torch::Dtype dtype) {
  impl_->chains->to(device, dtype);
  impl_->model->to(device, dtype);
  impl_->batch();
  fold();
}

void Expansion::save(torch::serialize::OutputArchive& archive) const {
  impl_->chains->save(archive);
}

void Expansion::load(torch::serialize::InputArchive& archive) {
  const torch::NoGradGuard no_grad;
  for (const auto& layer : impl_->layers) {
    const auto path = under(layer.path, "chain");
    torch::serialize::InputArchive saved;
    if (try_read_at(archive, path, saved)) {
      check_saved_chain(layer.chain->plan(), saved, path);
    }
  }
  auto factors = impl_->chains->named_parameters();
  factors.update(impl_->chains->named_buffers());
  std::vector<at::Tensor> before;
  for (const auto& factor : factors) before.push_back(factor.value().detach());
  try {
    impl_->chains->load(archive);
  } catch (...) {
    for (std::size_t i = 0; i < before.size(); ++i) {
      auto factor = factors[i].value();
      factor.set_(before[i]);
    }
    throw;
  }
  fold();
}

ContractionReport Expansion::verify(const VerifyOptions& options) const {
  const torch::NoGradGuard no_grad;
  impl_->check_compact("verify");
  auto [report, contracted] =
      check_chains(impl_->chained_layers(), options, "verify");
  for (std::size_t i = 0; i < contracted.size(); ++i) {
    const auto& layer = impl_->layers[i];
    const auto bound =
        rounding(layer.chain->factors().front().weight.scalar_type(),
                 layer.chain->dtype());
    for (at::Tensor Affine::*part : {&Affine::weight, &Affine::bias}) {
      const auto& exact = contracted[i].*part;
      if (!exact.defined()) continue;
      const auto error = relative_error(layer.compact.*part, exact);
      TORCH_CHECK(error <= bound,
                  error_message(Site{"verify", layer.path},
                                "the model must hold the fold of its chain",
                                "a relative error of " + scientific(error),
                                "call fold() after writing to either"));
    }
  }
  return std::move(report);
}

ContractionReport Expansion::contract(const VerifyOptions& options) {
  const torch::NoGradGuard no_grad;
  impl_->check_compact("contract");
  auto chains = impl_->chained_layers();
  for (auto& chain : chains) chain.compact = {};  // the contraction is checked
  auto [report, contracted] = check_chains(chains, options, "contract");
  for (std::size_t i = 0; i < contracted.size(); ++i) {
    auto target = impl_->layers[i].compact;
    target.weight.copy_(contracted[i].weight);
    if (target.bias.defined()) target.bias.copy_(contracted[i].bias);
  }
  impl_->release();
  impl_->chains = std::make_shared<torch::nn::Module>("Expansion");
  return std::move(report);
}

Summary Expansion::summary() const {
  Summary result;
  std::unordered_set<const void*> covered;
  for (const auto& layer : impl_->chained_layers()) {
    result.rows.push_back(summary_row(layer));
    covered.insert(layer.compact.weight.unsafeGetTensorImpl());
    if (layer.compact.bias.defined()) {
      covered.insert(layer.compact.bias.unsafeGetTensorImpl());
    }
  }
  add_other_parameters(*impl_->model, covered, result);
  if (result.rows.back().path == kOtherPath && !impl_->work.empty()) {
    auto& step = result.rows.back().compact_step_multiply_adds;
    step = 0;
    for (const auto& [weight, work] : impl_->work) {
      if (covered.count(weight) == 0) *step += 3 * work;
    }
  }
  return result;
}

std::vector<StepScale> Expansion::step_scales() const {
  std::vector<StepScale> scales;
  for (const auto& layer : impl_->chained_layers()) {
    scales.push_back(step_scale(layer));
  }
  return scales;
}

torch::nn::Module& Expansion::model() const { return *impl_->model; }

std::size_t Expansion::size() const { return impl_->layers.size(); }

const std::vector<std::string>& Expansion::notes() const {
  return impl_->notes;
}

torch::serialize::OutputArchive& operator<<(
    torch::serialize::OutputArchive& archive, const Expansion& expansion) {
  expansion.save(archive);
  return archive;
}

torch::serialize::InputArchive& operator>>(
    torch::serialize::InputArchive& archive, Expansion& expansion) {
  expansion.load(archive);
  return archive;
}

}  // namespace expandnet
