// imagenet_recipes.h: how the paper expands and trains its ImageNet networks,
// by name.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/fold/options.h>
#include <expandnet/passes/expand.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::models {

/// "mobilenet_v1", "mobilenet_v2", "shufflenet_v2".
[[nodiscard]] EXPANDNET_API const std::vector<std::string>& imagenet_nets();

/// "none", "paper", "orepa", "acb", "rep", "cl+skip".
[[nodiscard]] EXPANDNET_API const std::vector<std::string>& imagenet_recipes();

/// Returns the selector that expands `net` as the recipe `name` says (paper,
/// Sec. 4.1).
///
/// "paper" expands 3x3 convolutions by CL: in a MobileNetV1 and a ShuffleNetV2
/// all of them, which are the first and the depthwise ones; in a MobileNetV2
/// those with stride 2, which are the first and four depthwise ones (the same
/// ones even if `small_images` removes the stride of some). Like these layers,
/// their chains have no biases. Everything else is as in `options`; the
/// official MobileNetV2 starts from `InitialValues::kKaimingNormalUngrouped`.
///
/// "orepa" and the following recipes expand all 3x3 convolutions of any of the
/// nets by a sum of branches (fold/branch.h). "none" selects nothing, which
/// `expand` refuses: train that net as it is.
///
/// Throws `c10::Error` for an unknown net or name, and for options with a
/// strategy or widths, because the recipe sets those.
///
///     MobileNetV1 net;
///     auto expansion = expand(*net, imagenet_recipe("mobilenet_v1", "paper"));
[[nodiscard]] EXPANDNET_API Selector
imagenet_recipe(const std::string& net, const std::string& name,
                const ExpansionOptions& options = {});

/// How the learning rate falls over a run.
enum class Decay {
  kStep,    ///< to a tenth every `decay_every` epochs
  kLinear,  ///< linearly to 0
};

/// How the paper trains a network on ImageNet with SGD.
struct ImageNetTraining {
  double learning_rate = 0.1;
  double momentum = 0.9;
  bool nesterov = true;
  /// Applies to every parameter, including factors, biases and BatchNorm.
  double weight_decay = 1e-4;
  std::int64_t batch_size = 256;
  std::int64_t epochs = 90;
  Decay decay = Decay::kStep;
  /// Epochs between two steps of Decay::kStep.
  std::int64_t decay_every = 30;
  /// Iterations until Decay::kLinear reaches 0; 0 for Decay::kStep.
  std::int64_t decay_iterations = 0;
};

/// Returns how the paper trains `net`, compact or expanded. Throws `c10::Error`
/// for an unknown net.
[[nodiscard]] EXPANDNET_API ImageNetTraining
imagenet_training(const std::string& net);

}  // namespace expandnet::models
