// optimizers.h: LibTorch's optimizers with LibTorch's fused kernels.
//
// In C++, torch::optim updates one parameter after another with several
// operations each. These classes keep the options, parameter groups, state,
// serialization and schedulers of those optimizers, but `step` makes one fused
// call for all parameters of a group.
#pragma once

#include <expandnet/base/export.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <unordered_map>
#include <vector>

namespace expandnet::train {

/// An optimizer whose step can be captured as a CUDA graph and replayed,
/// because it reads the values that change between steps from device tensors. A
/// step can also be made in parts, for some of the parameters at a time.
class EXPANDNET_API Capturable {
 public:
  virtual ~Capturable() = default;
  /// Copies the learning rates into the device tensors that a captured step
  /// reads. `step` and `step_only` do so too, but parts of a step that run on
  /// different streams do not wait for each other: call this before the first
  /// part.
  virtual void write_rates() = 0;
  /// Updates only these parameters, which the optimizer must hold. Calls that
  /// cover each of its parameters once make one step.
  virtual void step_only(const std::vector<torch::Tensor>& parameters) = 0;
  /// Increments the step counts on the host after a replay.
  virtual void after_replay() = 0;
  /// Reads the step counts on the host from the device again, after a failed
  /// capture: the host counted a step that never ran on the device.
  virtual void count_again() = 0;
};

/// A learning rate in a device tensor, and the value that was written to it.
struct DeviceRate {
  torch::Tensor tensor;
  double value = 0;
};

/// `torch::optim::SGD` in one fused call per group; results are equal to
/// rounding. Parameters may have any dense strides; gradients are copied to
/// those strides if theirs differ.
class EXPANDNET_API SGD : public torch::optim::SGD, public Capturable {
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

/// `torch::optim::AdamW` in one fused call per group; results are equal to
/// rounding.
class EXPANDNET_API AdamW : public torch::optim::AdamW, public Capturable {
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
  /// Step counts in the form that the kernel needs: one float tensor per
  /// parameter.
  std::unordered_map<void*, torch::Tensor> steps_;
};

}  // namespace expandnet::train
