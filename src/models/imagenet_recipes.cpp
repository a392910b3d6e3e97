#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/models/imagenet_recipes.h>
#include <torch/nn/modules/conv.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/error.h"
#include "models/branch_recipes.h"

namespace expandnet::models {

namespace {

void check_known(const char* function, const char* what,
                 const std::string& name,
                 const std::vector<std::string>& known) {
  TORCH_CHECK(
      std::find(known.begin(), known.end(), name) != known.end(),
      error_message(function,
                    c10::str(what, " must be one of ", c10::Join(", ", known)),
                    c10::str("\"", name, "\"")));
}

bool is_spatial(const torch::nn::Conv2dImpl& conv) {
  return (*conv.options.kernel_size())[0] > 1;
}

/// The 3x3 convolutions of a MobileNetV2 that have stride 2 on images of
/// 224x224; on small ones some have not.
bool is_expanded_in_mobilenet_v2(const std::string& path,
                                 const torch::nn::Conv2dImpl& conv) {
  constexpr const char* kPaths[] = {
      "features.0.0", "features.2.conv.1.0", "features.4.conv.1.0",
      "features.7.conv.1.0", "features.14.conv.1.0"};
  return (*conv.options.stride())[0] > 1 ||
         std::find(std::begin(kPaths), std::end(kPaths), path) !=
             std::end(kPaths);
}

}  // namespace

const std::vector<std::string>& imagenet_nets() {
  static const std::vector<std::string> nets = {"mobilenet_v1", "mobilenet_v2",
                                                "shufflenet_v2"};
  return nets;
}

const std::vector<std::string>& imagenet_recipes() {
  static const auto names = with_branch_recipes({"none", "paper"});
  return names;
}

Selector imagenet_recipe(const std::string& net, const std::string& name,
                         const ExpansionOptions& options) {
  check_known("imagenet_recipe", "net", net, imagenet_nets());
  check_known("imagenet_recipe", "name", name, imagenet_recipes());
  TORCH_CHECK(!options.strategy().has_value() && options.widths().empty(),
              error_message("imagenet_recipe",
                            c10::str("strategy and widths must be left to \"",
                                     name, "\""),
                            "some", "give a rate, or write a selector"));
  if (name == "none") {
    return [](const std::string&, const torch::nn::Module&) {
      return std::nullopt;
    };
  }
  auto chosen = options;
  const auto branches = branch_recipe(name);
  chosen.strategy(branches.value_or(Strategy::kCL));
  return
      [chosen, is_v2 = net == "mobilenet_v2" && !branches](
          const std::string& path,
          const torch::nn::Module& layer) -> std::optional<ExpansionOptions> {
        const auto* conv = layer.as<torch::nn::Conv2dImpl>();
        if (conv == nullptr || !is_spatial(*conv)) return std::nullopt;
        if (is_v2 && !is_expanded_in_mobilenet_v2(path, *conv)) {
          return std::nullopt;
        }
        return chosen;
      };
}

ImageNetTraining imagenet_training(const std::string& net) {
  check_known("imagenet_training", "net", net, imagenet_nets());
  ImageNetTraining training;
  if (net == "shufflenet_v2") {
    training.learning_rate = 0.5;
    training.weight_decay = 4e-5;
    training.batch_size = 1024;
    training.epochs = 250;
    training.decay = Decay::kLinear;
    training.decay_iterations = 300'000;
  }
  return training;
}

}  // namespace expandnet::models
