#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/tensor.h>
#include <c10/util/Exception.h>
#include <expandnet/train/exponential_moving_average.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "io/pytorch/checkpoint_keys.h"

namespace expandnet::train {

namespace {

using NamedTensors = torch::OrderedDict<std::string, at::Tensor>;

NamedTensors floating_tensors_of(const torch::nn::Module& module) {
  NamedTensors tensors;
  const auto add = [&](const NamedTensors& some) {
    for (const auto& item : some) {
      if (item.value().is_floating_point()) {
        tensors.insert(item.key(), item.value());
      }
    }
  };
  add(module.named_parameters());
  add(module.named_buffers());
  return tensors;
}

std::string average_key(std::size_t index) { return std::to_string(index); }

}  // namespace

ExponentialMovingAverage::ExponentialMovingAverage(
    const torch::nn::Module& module, double decay)
    : decay_(decay) {
  TORCH_CHECK(decay > 0 && decay < 1,
              error_message("ExponentialMovingAverage",
                            "decay must be between 0 and 1", c10::str(decay)));
  const at::NoGradGuard no_grad;
  for (const auto& item : floating_tensors_of(module)) {
    names_.push_back(item.key());
    weights_.push_back(item.value());
    averages_.push_back(item.value().clone());
  }
}

void ExponentialMovingAverage::update() {
  const at::NoGradGuard no_grad;
  const auto n = static_cast<double>(++updates_);
  const auto decay = std::min(decay_, (1 + n) / (10 + n));
  at::_foreach_lerp_(averages_, weights_, 1 - decay);
}

void ExponentialMovingAverage::swap() {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const auto average = averages_[i].clone();
    averages_[i].copy_(weights_[i]);
    weights_[i].copy_(average);
  }
}

void ExponentialMovingAverage::save(
    torch::serialize::OutputArchive& archive) const {
  archive.write(kAverageUpdatesKey, at::tensor({updates_}, at::kLong), true);
  archive.write(kAverageNamesKey, c10::IValue(names_));
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    archive.write(average_key(i), averages_[i], true);
  }
}

void ExponentialMovingAverage::load(torch::serialize::InputArchive& archive) {
  const at::NoGradGuard no_grad;
  at::Tensor updates;
  archive.read(kAverageUpdatesKey, updates, true);
  updates_ = updates.item<std::int64_t>();
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    at::Tensor average;
    archive.read(average_key(i), average, true);
    averages_[i].copy_(average);
  }
}

}  // namespace expandnet::train
