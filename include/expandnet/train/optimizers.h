// optimizers.h: LibTorch's optimizers on its fused kernels.
//
// torch::optim in C++ updates one parameter after another with several
// operations each. These classes are those optimizers (options, parameter
// groups, state and its serialization, schedulers) with `step` replaced by one
// fused call for all parameters of a group.
#pragma once

#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <unordered_map>
#include <vector>

namespace expandnet::train {

/// An optimizer whose step can be captured once and replayed, since what
/// changes from step to step is read from device tensors, and taken in parts,
/// for some of its parameters at a time.
class Capturable {
 public:
  virtual ~Capturable() = default;
  /// Copies learning rates into the device tensors that a captured step reads.
  /// So does each step by itself, but parts of one that run on different
  /// streams do not wait for each other: call this before the first.
  virtual void write_rates() = 0;
  /// Updates these parameters, which the optimizer must hold, and no others.
  /// Calls for all of its parameters, each once, make one step.
  virtual void step_only(const std::vector<torch::Tensor>& parameters) = 0;
  /// Counts a replayed step on the host.
  virtual void after_replay() = 0;
  /// Takes the host's counts from the device, where those of a step that was
  /// captured and never ran are not.
  virtual void count_again() = 0;
};

/// A learning rate in a device tensor, and the value that is in it.
struct DeviceRate {
  torch::Tensor tensor;
  double value = 0;
};

/// `torch::optim::SGD`, equal to it to rounding, in one fused call per group.
/// Parameters may have any dense strides; gradients are brought to them.
class SGD : public torch::optim::SGD, public Capturable {
 public:
  using torch::optim::SGD::SGD;

  torch::Tensor step(LossClosure closure = nullptr) override;
  void step_only(const std::vector<torch::Tensor>& parameters) override;
  void write_rates() override;
  void after_replay() override {}
  void count_again() override {}

 private:
  void update(const std::vector<torch::Tensor>* only);

  std::vector<DeviceRate> rates_;  ///< one per group
};

/// `torch::optim::AdamW`, equal to it to rounding, in one fused call per group.
class AdamW : public torch::optim::AdamW, public Capturable {
 public:
  using torch::optim::AdamW::AdamW;

  torch::Tensor step(LossClosure closure = nullptr) override;
  void step_only(const std::vector<torch::Tensor>& parameters) override;
  void load(torch::serialize::InputArchive& archive) override;
  void write_rates() override;
  void after_replay() override;
  void count_again() override;

 private:
  void update(const std::vector<torch::Tensor>* only);

  std::vector<DeviceRate> rates_;  ///< one per group
  /// Step counts as the kernel wants them, one float tensor a parameter.
  std::unordered_map<void*, torch::Tensor> steps_;
};

}  // namespace expandnet::train
