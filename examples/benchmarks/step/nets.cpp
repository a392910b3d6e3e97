#include "benchmarks/step/nets.h"

#include <c10/util/Exception.h>
#include <expandnet/models/imagenet_recipes.h>
#include <expandnet/models/mobilenet_v1.h>
#include <expandnet/models/mobilenet_v2.h>
#include <expandnet/models/recipes.h>
#include <expandnet/models/shufflenet_v2.h>
#include <expandnet/models/small_net.h>

#include <algorithm>

#include "base/error.h"
#include "benchmarks/step/expand_in_place.h"
#include "trainers/cifar/expanded_small_net.h"

namespace expandnet::examples::bench {

using train::model_of;

namespace {

/// In pixels: what any machine trains at once.
constexpr std::int64_t kSmall = 32;

Net small_net(const std::string& name, std::int64_t kernel,
              const std::string& recipe) {
  const auto options_for = [kernel](std::int64_t image_size) {
    return models::SmallNetOptions().kernel_size(kernel).image_size(image_size);
  };
  const auto selector = models::small_net_recipe(recipe);
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
          }};
}

/// A network for ImageNet; `Holder` makes it as the paper has it.
template <typename Holder>
Net imagenet_net(const std::string& name) {
  return {name,
          /*image_size=*/224,
          /*classes=*/1000,
          models::imagenet_recipe(name, "paper"),
          [](std::int64_t /*image_size*/) { return model_of(Holder()); },
          [name](std::int64_t /*image_size*/, Execution execution) {
            Holder net;
            expand_in_place(*net, models::imagenet_recipe(name, "paper"),
                            execution);
            return model_of(net);
          }};
}

const std::vector<Net>& nets() {
  static const std::vector<Net> all = {
      small_net("smallnet7-ck-fc", 7, "ck+fc"),
      small_net("smallnet7-cl-fc", 7, "cl+fc"),
      small_net("smallnet3-cl-fc", 3, "cl+fc"),
      imagenet_net<models::MobileNetV1>("mobilenet_v1"),
      imagenet_net<models::MobileNetV2>("mobilenet_v2"),
      imagenet_net<models::ShuffleNetV2>("shufflenet_v2"),
  };
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
    if (net.image_size <= kSmall) result.push_back(net.name);
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

std::vector<Way> ways_to_infer(std::vector<Way> ways) {
  ways.erase(std::remove(ways.begin(), ways.end(), Way::kWeightSpace),
             ways.end());
  return ways;
}

}  // namespace expandnet::examples::bench
