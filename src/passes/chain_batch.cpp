#include "passes/chain_batch.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <algorithm>

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
      plan.factors[f].groups += other.factors[f].groups;
    }
  }
  return plan;
}

/// Shapes of one group of the layer: of two chains with equal ones the groups
/// can stand side by side.
std::vector<std::vector<std::int64_t>> group_shapes(const Plan& plan) {
  std::vector<std::vector<std::int64_t>> shapes;
  for (std::size_t i = 0; i < plan.factors.size(); ++i) {
    const auto& factor = plan.factors[i];
    auto shape = plan.weight_sizes(i);
    shape[0] /= plan.layer.groups;
    shape.insert(shape.end(), {factor.bias ? 1 : 0, factor.fixed ? 1 : 0,
                               factor.adds_identity ? 1 : 0,
                               factor.groups / plan.layer.groups});
    shapes.push_back(std::move(shape));
  }
  for (const auto& branch : plan.branches) {
    shapes.push_back({static_cast<std::int64_t>(branch.count)});
  }
  shapes.push_back(plan.layer.kernel_size);
  return shapes;
}

bool has_gradient(const Affine& affine) {
  return affine.weight.grad().defined() ||
         (affine.bias.defined() && affine.bias.grad().defined());
}

/// A compact weight, or its gradient, in a shape that is a view of a kernel:
/// LibTorch's own, and [groups, in, out, *k] for transposed convolutions.
at::Tensor compact_like(const at::Tensor& weight, const CompactLayer& layer) {
  if (!layer.transposed) return weight;
  return weight.unflatten(0, {layer.groups, -1});
}

/// A layer's slice of a kernel, [g, out, taps, in], in the shape of
/// `target_of`.
at::Tensor as_target(const at::Tensor& kernel, const CompactLayer& layer) {
  std::vector<std::int64_t> shape;
  if (layer.transposed) shape.push_back(kernel.size(0));
  shape.push_back(layer.transposed ? kernel.size(1) : layer.out_channels);
  shape.insert(shape.end(), layer.kernel_size.begin(), layer.kernel_size.end());
  shape.push_back(kernel.size(3));
  return kernel.view(shape).movedim(-1, 1);
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

bool ChainBatch::is_in_place() const {
  if (loop_ == nullptr) return false;
  for (const auto& member : members_) {
    for (const auto& parameter : member.parameters) {
      const auto& tensor = parameter.tensor;
      if (tensor.const_data_ptr() != parameter.memory ||
          tensor.sizes() != parameter.sizes ||
          tensor.strides() != parameter.strides) {
        return false;
      }
    }
  }
  return true;
}

void ChainBatch::gather() {
  members_.clear();
  auto factors = layers_.front().chain->factors();
  if (layers_.size() > 1) {
    for (std::size_t f = 0; f < factors.size(); ++f) {
      const auto options = factors[f].weight.options().requires_grad(false);
      factors[f].weight = empty_weight(plan_.weight_sizes(f), options);
      if (plan_.factors[f].bias) {
        factors[f].bias = at::empty({plan_.factors[f].out_channels}, options);
      }
      for (const Part part : {&Affine::weight, &Affine::bias}) {
        std::int64_t start = 0;
        for (const auto& layer : layers_) {
          auto member = layer.chain->factors()[f].*part;
          if (!member.defined()) continue;
          auto slice = (factors[f].*part).narrow(0, start, member.size(0));
          slice.copy_(member);
          member.set_data(slice);
          start += member.size(0);
        }
      }
    }
  }
  loop_ = std::make_unique<FoldLoop>(plan_, factors);

  std::int64_t group = 0;
  std::vector<std::int64_t> rows(factors.size(), 0);
  for (const auto& layer : layers_) {
    const auto& shape = layer.chain->plan().layer;
    const auto slices = [&](const Affine& kernel) -> Affine {
      const auto of = [&](const at::Tensor& tensor) {
        return tensor.narrow(0, group, shape.groups);
      };
      return {as_target(of(kernel.weight), shape),
              kernel.bias.defined() ? of(kernel.bias).flatten() : kernel.bias};
    };
    Member member;
    member.folded = slices(loop_->folded());
    member.gradient = slices(loop_->gradient());
    const auto own = layer.chain->factors();
    for (std::size_t f = 0; f < own.size(); ++f) {
      const auto& grads = loop_->gradients()[f];
      const auto add = [&](const at::Tensor& tensor, const at::Tensor& grad,
                           bool is_bias) {
        if (!tensor.defined()) return;
        const bool is_whole = !grad.defined() || grad.size(0) == tensor.size(0);
        member.parameters.push_back(
            {tensor, tensor.const_data_ptr(), tensor.sizes().vec(),
             tensor.strides().vec(), 0,
             is_whole ? grad : grad.narrow(0, rows[f], tensor.size(0)),
             is_bias});
      };
      add(own[f].weight, grads.weight, false);
      add(own[f].bias, grads.bias, true);
      rows[f] += own[f].weight.size(0);
    }
    members_.push_back(std::move(member));
    group += shape.groups;
  }
}

void ChainBatch::fold() {
  const torch::NoGradGuard no_grad;
  if (!is_in_place()) {
    for (const auto& layer : layers_) {
      check_factors(layer.chain->plan(), layer.chain->factors());
    }
    gather();
  }
  loop_->fold();
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    auto& compact = layers_[i].compact;
    auto& member = members_[i];
    compact_like(compact.weight, layers_[i].chain->plan().layer)
        .copy_(member.folded.weight);
    if (compact.bias.defined()) compact.bias.copy_(member.folded.bias);
    for (auto& parameter : member.parameters) {
      parameter.version =
          static_cast<std::int64_t>(parameter.tensor._version());
    }
  }
}

void ChainBatch::pull_back() {
  const torch::NoGradGuard no_grad;
  const auto has_any = [&](Part part) {
    return std::any_of(layers_.begin(), layers_.end(), [&](const auto& layer) {
      const auto& parameter = layer.compact.*part;
      return parameter.defined() && parameter.grad().defined();
    });
  };
  const bool with_bias = has_any(&Affine::bias);
  if (!with_bias && !has_any(&Affine::weight)) return;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const auto& [weight, bias] = layers_[i].compact;
    auto& gradient = members_[i].gradient;
    if (weight.grad().defined()) {
      gradient.weight.copy_(
          compact_like(weight.grad(), layers_[i].chain->plan().layer));
    } else {
      gradient.weight.zero_();
    }
    if (!with_bias || !gradient.bias.defined()) continue;
    if (bias.grad().defined()) {
      gradient.bias.copy_(bias.grad());
    } else {
      gradient.bias.zero_();
    }
  }
  loop_->pull_back(with_bias);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (!has_gradient(layers_[i].compact)) continue;
    for (auto& parameter : members_[i].parameters) {
      if (parameter.is_bias && !with_bias) continue;
      if (!parameter.grad.defined()) continue;
      parameter.tensor.mutable_grad() = parameter.grad;
    }
  }
}

bool ChainBatch::is_stale() const {
  if (!is_in_place()) return true;
  for (const auto& member : members_) {
    for (const auto& parameter : member.parameters) {
      const auto version =
          static_cast<std::int64_t>(parameter.tensor._version());
      if (version != parameter.version) return true;
    }
  }
  return false;
}

}  // namespace expandnet
