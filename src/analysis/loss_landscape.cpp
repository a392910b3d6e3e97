#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <expandnet/analysis/loss_landscape.h>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::analysis {

namespace {

constexpr double kSmallestNorm = 1e-10;  // of a filter, as in the paper's code

/// FNV-1a of the seed's bytes and the name's: the same on every machine.
std::uint64_t seed_of(std::uint64_t seed, const std::string& name) {
  constexpr std::uint64_t kOffset = 14695981039346656037ULL;
  constexpr std::uint64_t kPrime = 1099511628211ULL;
  auto hash = kOffset;
  const auto add = [&hash](unsigned char byte) {
    hash = (hash ^ byte) * kPrime;
  };
  for (int byte = 0; byte < 8; ++byte) {
    add(static_cast<unsigned char>(seed >> (8 * byte)));
  }
  for (const char letter : name) add(static_cast<unsigned char>(letter));
  return hash;
}

at::Tensor filter_normalized(const at::Tensor& drawn,
                             const at::Tensor& weight) {
  const auto norms = [](const at::Tensor& tensor) {
    return at::linalg_vector_norm(tensor.flatten(1), 2, {1}, /*keepdim=*/true);
  };
  const auto scale = norms(weight) / (norms(drawn) + kSmallestNorm);
  return (drawn.flatten(1) * scale).view(weight.sizes());
}

}  // namespace

Direction random_direction(const torch::nn::Module& net, std::uint64_t seed) {
  const at::NoGradGuard no_grad;
  Direction direction;
  for (const auto& parameter : net.named_parameters()) {
    const auto& weight = parameter.value();
    if (weight.dim() < 2) {
      direction.push_back(at::zeros_like(weight));
      continue;
    }
    const auto generator = at::make_generator<at::CPUGeneratorImpl>(
        seed_of(seed, parameter.key()));
    const auto drawn =
        at::randn(weight.sizes(), generator, at::TensorOptions(at::kDouble));
    const auto values = weight.detach().to(at::kCPU, at::kDouble);
    direction.push_back(filter_normalized(drawn, values).to(weight.options()));
  }
  return direction;
}

Landscape::Landscape(std::shared_ptr<torch::nn::Module> net,
                     std::vector<Direction> directions)
    : net_(std::move(net)), directions_(std::move(directions)) {
  const auto parameters = net_->parameters();
  for (const auto& direction : directions_) {
    TORCH_CHECK(
        direction.size() == parameters.size(),
        error_message("Landscape", "must have a step for each parameter",
                      std::to_string(direction.size()) + " for " +
                          std::to_string(parameters.size()),
                      "take it from random_direction of this net"));
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      TORCH_CHECK(
          direction[i].sizes() == parameters[i].sizes(),
          error_message("Landscape", "a step must have its parameter's shape",
                        sizes(direction[i].sizes()) + " for " +
                            sizes(parameters[i].sizes()),
                        "take it from random_direction of this net"));
    }
  }
  for (const auto& parameter : parameters) {
    here_.push_back(parameter.detach().clone());
  }
}

Landscape::~Landscape() {
  const at::NoGradGuard no_grad;
  const auto parameters = net_->parameters();
  for (std::size_t i = 0; i < here_.size(); ++i) {
    parameters[i].copy_(here_[i]);
  }
}

void Landscape::move_to(const std::vector<double>& steps) {
  TORCH_CHECK(steps.size() == directions_.size(),
              error_message("Landscape", "must have a step for each direction",
                            std::to_string(steps.size()) + " for " +
                                std::to_string(directions_.size())));
  const at::NoGradGuard no_grad;
  const auto parameters = net_->parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    parameters[i].copy_(here_[i]);
    for (std::size_t k = 0; k < steps.size(); ++k) {
      parameters[i].add_(directions_[k][i], steps[k]);
    }
  }
}

std::vector<double> landscape_steps(std::int64_t count) {
  TORCH_CHECK(count >= 2,
              error_message("landscape_steps", "there must be two steps",
                            std::to_string(count)));
  std::vector<double> steps;
  for (std::int64_t i = 0; i < count; ++i) {
    steps.push_back(static_cast<double>(2 * i - (count - 1)) /
                    static_cast<double>(count - 1));
  }
  return steps;
}

}  // namespace expandnet::analysis
