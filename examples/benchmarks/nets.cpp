#include "nets.h"

#include <c10/util/Exception.h>
#include <expandnet/models/recipes.h>
#include <expandnet/models/small_net.h>

#include "common/expanded_small_net.h"

namespace expandnet::examples::bench {

using train::model_of;

namespace {

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

const std::vector<Net>& nets() {
  static const std::vector<Net> all = {
      small_net("smallnet7-ck-fc", 7, "ck+fc"),
      small_net("smallnet7-cl-fc", 7, "cl+fc"),
      small_net("smallnet3-cl-fc", 3, "cl+fc"),
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

const Net& find_net(const std::string& name) {
  for (const auto& net : nets()) {
    if (net.name == name) return net;
  }
  TORCH_CHECK(false, "find_net: name must be one of --net, got \"", name, "\"");
}

}  // namespace expandnet::examples::bench
