#include "passes/chain_batch.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>
#include <expandnet/fold/pull_back.h>

#include "fold/below_autograd.h"
#include "fold/memory.h"

namespace expandnet {

namespace {

using Part = at::Tensor Affine::*;

Plan side_by_side(const std::vector<WeightSpaceLayer>& layers) {
  auto plan = layers.front().chain->plan();
  for (std::size_t i = 1; i < layers.size(); ++i) {
    const auto& other = layers[i].chain->plan();
    plan.layer.groups += other.layer.groups;
    plan.layer.in_channels += other.layer.in_channels;
    plan.layer.out_channels += other.layer.out_channels;
    for (std::size_t f = 0; f < plan.factors.size(); ++f) {
      plan.factors[f].in_channels += other.factors[f].in_channels;
      plan.factors[f].out_channels += other.factors[f].out_channels;
    }
  }
  return plan;
}

/// Shapes of one group: of two chains with equal ones the groups can stand side
/// by side.
std::vector<std::vector<std::int64_t>> group_shapes(const Plan& plan) {
  std::vector<std::vector<std::int64_t>> shapes;
  for (std::size_t i = 0; i < plan.factors.size(); ++i) {
    auto shape = plan.weight_sizes(i);
    shape[0] /= plan.layer.groups;
    shape.push_back(plan.factors[i].bias ? 1 : 0);
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

/// Cuts tensors that hold one row after another for all members.
class Cutter {
 public:
  explicit Cutter(const at::Tensor& whole) : whole_(whole) {}

  at::Tensor next(const at::Tensor& like) {
    if (!whole_.defined() || whole_.size(0) == like.size(0)) return whole_;
    const auto start = std::exchange(start_, start_ + like.size(0));
    return whole_.narrow(0, start, like.size(0));
  }

 private:
  at::Tensor whole_;
  std::int64_t start_ = 0;
};

bool has_gradient(const Affine& affine) {
  return affine.weight.grad().defined() ||
         (affine.bias.defined() && affine.bias.grad().defined());
}

/// The gradients of one parameter of every layer, end to end, zeros where one
/// has none; undefined if none has. Those of several are in `memory`.
at::Tensor joined_gradient(const std::vector<WeightSpaceLayer>& layers,
                           Part part, at::Tensor& memory) {
  std::vector<at::Tensor> grads;
  bool any = false;
  for (const auto& layer : layers) {
    const auto& parameter = layer.compact.*part;
    if (!parameter.defined()) return {};
    any = any || parameter.grad().defined();
    grads.push_back(parameter.grad().defined() ? parameter.grad()
                                               : at::zeros_like(parameter));
  }
  if (!any) return {};
  if (grads.size() == 1) return grads.front();
  if (memory.defined()) {
    at::cat_out(memory, grads);
  } else {
    memory = at::cat(grads);
  }
  return memory;
}

std::vector<std::int64_t> versions_of(
    const std::vector<WeightSpaceLayer>& layers) {
  std::vector<std::int64_t> versions;
  for (const auto& layer : layers) {
    for (const auto& [weight, bias] : layer.chain->factors()) {
      versions.push_back(static_cast<std::int64_t>(weight._version()));
      if (!bias.defined()) continue;
      versions.push_back(static_cast<std::int64_t>(bias._version()));
    }
  }
  return versions;
}

}  // namespace

ChainBatch::ChainBatch(std::vector<WeightSpaceLayer> layers)
    : layers_(std::move(layers)), plan_(side_by_side(layers_)) {}

bool ChainBatch::compatible(const ChainImpl& a, const ChainImpl& b) {
  const auto first = a.factors().front().weight;
  const auto second = b.factors().front().weight;
  return a.plan().layer.transposed == b.plan().layer.transposed &&
         group_shapes(a.plan()) == group_shapes(b.plan()) &&
         first.scalar_type() == second.scalar_type() &&
         first.device() == second.device();
}

bool ChainBatch::is_gathered() const {
  if (factors_.empty()) return false;
  for (std::size_t f = 0; f < factors_.size(); ++f) {
    for (const Part part : {&Affine::weight, &Affine::bias}) {
      const auto& whole = factors_[f].*part;
      if (!whole.defined()) continue;
      auto offset = whole.storage_offset();
      for (const auto& layer : layers_) {
        const auto member = layer.chain->factors()[f].*part;
        if (!member.is_alias_of(whole) || member.storage_offset() != offset ||
            member.strides() != whole.strides()) {
          return false;
        }
        offset += member.numel();
      }
    }
  }
  return true;
}

bool ChainBatch::is_folded_here() const {
  if (folded_.kernels.empty()) return false;
  for (std::size_t f = 0; f < factors_.size(); ++f) {
    if (!folded_.kernels[f].is_alias_of(factors_[f].weight)) return false;
  }
  return true;
}

void ChainBatch::gather() {
  factors_ = layers_.front().chain->factors();
  if (layers_.size() == 1) return;
  for (std::size_t f = 0; f < factors_.size(); ++f) {
    const auto options = factors_[f].weight.options();
    factors_[f].weight = empty_weight(plan_.weight_sizes(f), options);
    if (plan_.factors[f].bias) {
      factors_[f].bias = at::empty({plan_.factors[f].out_channels}, options);
    }
    for (const Part part : {&Affine::weight, &Affine::bias}) {
      Cutter cutter(factors_[f].*part);
      for (const auto& layer : layers_) {
        auto member = layer.chain->factors()[f].*part;
        if (!member.defined()) continue;
        auto slice = cutter.next(member);
        slice.copy_(member);
        member.set_data(slice);
      }
    }
  }
}

void ChainBatch::fold() {
  const torch::NoGradGuard no_grad;
  if (is_gathered() && is_folded_here()) {
    const BelowAutograd below_autograd;
    fold_again(plan_, factors_, folded_);
  } else {
    gather();
    folded_ = expandnet::fold(plan_, factors_);
    grads_.clear();
  }
  Cutter weights(folded_.weight);
  Cutter biases(folded_.bias);
  for (auto& layer : layers_) {
    layer.compact.weight.copy_(weights.next(layer.compact.weight));
    if (!layer.compact.bias.defined()) continue;
    layer.compact.bias.copy_(biases.next(layer.compact.bias));
  }
  versions_ = versions_of(layers_);
}

void ChainBatch::pull_back() {
  const torch::NoGradGuard no_grad;
  {
    const BelowAutograd below_autograd;
    pull_back_again(plan_, folded_,
                    {joined_gradient(layers_, &Affine::weight, joined_.weight),
                     joined_gradient(layers_, &Affine::bias, joined_.bias)},
                    grads_);
  }
  for (std::size_t f = 0; f < grads_.size(); ++f) {
    for (const Part part : {&Affine::weight, &Affine::bias}) {
      if (!(grads_[f].*part).defined()) continue;
      Cutter cutter(grads_[f].*part);
      for (const auto& layer : layers_) {
        auto member = layer.chain->factors()[f].*part;
        const auto grad = cutter.next(member);
        if (has_gradient(layer.compact)) member.mutable_grad() = grad;
      }
    }
  }
}

bool ChainBatch::is_stale() const {
  return !is_gathered() || !is_folded_here() ||
         versions_ != versions_of(layers_);
}

}  // namespace expandnet
