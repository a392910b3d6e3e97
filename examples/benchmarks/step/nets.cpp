#include "benchmarks/step/nets.h"

#include <c10/util/Exception.h>
#include <expandnet/models/imagenet_recipes.h>
#include <expandnet/models/mobilenet_v1.h>
#include <expandnet/models/mobilenet_v2.h>
#include <expandnet/models/resnet.h>
#include <expandnet/models/shufflenet_v2.h>
#include <expandnet/models/small_net.h>
#include <expandnet/models/small_net_recipes.h>
#include <expandnet/models/unet.h>
#include <expandnet/models/unet_recipes.h>
#include <expandnet/models/yolo_lite.h>
#include <expandnet/models/yolo_lite_recipes.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "benchmarks/step/expand_in_place.h"
#include "trainers/cifar/expanded_small_net.h"

namespace expandnet::examples::bench {

using train::model_of;

namespace {

Net small_net(const std::string& name, std::int64_t kernel,
              const std::string& recipe, double rate = 4) {
  const auto options_for = [kernel](std::int64_t image_size) {
    return models::SmallNetOptions().kernel_size(kernel).image_size(image_size);
  };
  const auto selector =
      models::small_net_recipe(recipe, ExpansionOptions().rate(rate));
  return {name,
          /*image_size=*/32,
          /*classes=*/10,
          selector,
          [=](std::int64_t image_size) {
            return model_of(models::SmallNet(options_for(image_size)));
          },
          [=](std::int64_t image_size, Execution execution) {
            return model_of(
                ExpandedSmallNet(options_for(image_size), selector, execution));
          },
          /*by_default=*/rate == 4};
}

/// A network for ImageNet; `Holder` makes it as the paper has it.
template <typename Holder>
Net imagenet_net(const std::string& name, const std::string& recipe = "paper") {
  return {recipe == "paper" ? name : name + "-" + recipe,
          /*image_size=*/224,
          /*classes=*/1000,
          models::imagenet_recipe(name, recipe),
          [](std::int64_t /*image_size*/) { return model_of(Holder()); },
          [name, recipe](std::int64_t /*image_size*/, Execution execution) {
            Holder net;
            expand_in_place(*net, models::imagenet_recipe(name, recipe),
                            execution);
            return model_of(net);
          }};
}

/// The three by the sums of branches that fit 3x3 kernels.
void add_sums(std::vector<Net>& nets) {
  for (const auto& recipe : models::imagenet_recipes()) {
    if (recipe == "none" || recipe == "paper") continue;
    nets.push_back(imagenet_net<models::MobileNetV1>("mobilenet_v1", recipe));
    nets.push_back(imagenet_net<models::MobileNetV2>("mobilenet_v2", recipe));
    nets.push_back(imagenet_net<models::ShuffleNetV2>("shufflenet_v2", recipe));
  }
}

/// ResNet-18 as it is for ImageNet: 11.7 M parameters.
class ResNet18For224Impl : public torch::nn::Module {
 public:
  ResNet18For224Impl() {
    conv1 = register_module(
        "conv1",
        torch::nn::Conv2d(
            torch::nn::Conv2dOptions(3, 64, 7).stride(2).padding(3).bias(
                false)));
    bn1 = register_module("bn1", torch::nn::BatchNorm2d(64));
    std::int64_t in = 64;
    for (const std::int64_t out : {64, 128, 256, 512}) {
      blocks->push_back(models::BasicBlock(in, out, in == out ? 1 : 2));
      blocks->push_back(models::BasicBlock(out, out, 1));
      in = out;
    }
    register_module("blocks", blocks);
    fc = register_module("fc", torch::nn::Linear(512, 1000));
  }

  torch::Tensor forward(torch::Tensor x) {
    x = torch::max_pool2d(torch::relu(bn1(conv1(x))), 3, 2, 1);
    return fc(blocks->forward(x).mean({2, 3}));
  }

  torch::nn::Conv2d conv1{nullptr};
  torch::nn::BatchNorm2d bn1{nullptr};
  torch::nn::Sequential blocks;
  torch::nn::Linear fc{nullptr};
};
TORCH_MODULE(ResNet18For224);

/// Every 3x3 of it by CL: dense and wide, where expansion is not free.
Net resnet18() {
  return {
      "resnet18",
      /*image_size=*/224,
      /*classes=*/1000,
      [](const std::string& /*path*/,
         const torch::nn::Module& layer) -> std::optional<ExpansionOptions> {
        const auto* conv = layer.as<torch::nn::Conv2dImpl>();
        if (conv == nullptr || conv->options.kernel_size()->at(0) != 3) {
          return std::nullopt;
        }
        return ExpansionOptions(Strategy::kCL).rate(4);
      },
      [](std::int64_t /*image_size*/) { return model_of(ResNet18For224()); },
      nullptr};
}

/// The paper's net for detection, on VOC. What a cell puts out stands for the
/// classes of one: the loss is no part of what is compared.
Net yolo_lite() {
  Net net;
  net.name = "yolo_lite";
  net.image_size = 224;
  net.classes = 125;  // 5 anchors, each with a box, a score and 20 classes
  net.selector = models::yolo_lite_recipe("paper");
  net.compact = [](std::int64_t /*image_size*/) {
    return model_of(models::YoloLite());
  };
  net.stride = models::YoloLiteImpl::kStride;
  return net;
}

constexpr std::int64_t kCityscapesClasses = 19;

/// The paper's net for segmentation, on Cityscapes.
Net unet(std::int64_t width) {
  Net net;
  net.name = "unet" + std::to_string(width);
  net.image_size = 256;
  net.classes = kCityscapesClasses;
  net.selector = models::unet_recipe("paper");
  net.compact = [width](std::int64_t /*image_size*/) {
    return model_of(models::UNet(
        models::UNetOptions().classes(kCityscapesClasses).width(width)));
  };
  net.stride = 1;
  return net;
}

const std::vector<Net>& nets() {
  static const auto all = [] {
    std::vector<Net> list = {
        small_net("smallnet7-ck-fc", 7, "ck+fc"),
        small_net("smallnet7-cl-fc", 7, "cl+fc"),
        small_net("smallnet3-cl-fc", 3, "cl+fc"),
        imagenet_net<models::MobileNetV1>("mobilenet_v1"),
        imagenet_net<models::MobileNetV2>("mobilenet_v2"),
        imagenet_net<models::ShuffleNetV2>("shufflenet_v2"),
        resnet18(),
        yolo_lite(),
        unet(16),
        unet(32),
        small_net("smallnet7-fc-rate8", 7, "fc", 8),
        small_net("smallnet7-fc-rate16", 7, "fc", 16),
        small_net("smallnet7-fc-rate64", 7, "fc", 64),
    };
    add_sums(list);
    return list;
  }();
  return all;
}

}  // namespace

const std::vector<std::string>& net_names() {
  static const auto names = [] {
    std::vector<std::string> result;
    for (const auto& net : nets()) result.push_back(net.name);
    return result;
  }();
  return names;
}

std::vector<std::string> default_net_names() {
  std::vector<std::string> result;
  for (const auto& net : nets()) {
    if (net.by_default) result.push_back(net.name);
  }
  return result;
}

const Net& find_net(const std::string& name) {
  for (const auto& net : nets()) {
    if (net.name == name) return net;
  }
  TORCH_CHECK(false, error_message("find_net", "name must be one of --net",
                                   c10::str("\"", name, "\"")));
}

std::vector<Way> ways_to_train(const Net& net, std::vector<Way> ways) {
  if (net.expanded) return ways;
  ways.erase(
      std::remove_if(
          ways.begin(), ways.end(),
          [](Way way) { return way == Way::kFolded || way == Way::kChained; }),
      ways.end());
  return ways;
}

std::vector<Way> ways_to_infer(std::vector<Way> ways) {
  ways.erase(std::remove(ways.begin(), ways.end(), Way::kWeightSpace),
             ways.end());
  return ways;
}

}  // namespace expandnet::examples::bench
