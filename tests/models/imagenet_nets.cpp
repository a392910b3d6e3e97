#include "models/imagenet_nets.h"

#include <expandnet/models/mobilenet_v1.h>
#include <expandnet/models/mobilenet_v2.h>
#include <expandnet/models/shufflenet_v2.h>

#include <algorithm>

namespace expandnet::testing {

namespace {

template <typename Net, typename Options>
train::Model make_net(std::int64_t classes) {
  return train::model_of(Net(Options().classes(classes)));
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const ImageNetNet& net) {
  return stream << net.name;
}

std::string name_of(const ImageNetNet& net) { return net.name; }

const std::vector<ImageNetNet>& imagenet_nets() {
  static const std::vector<ImageNetNet> nets = {
      {"mobilenet_v1",
       make_net<models::MobileNetV1, models::MobileNetV1Options>, 4'231'976,
       4'958'348, 14},
      {"mobilenet_v2",
       make_net<models::MobileNetV2, models::MobileNetV2Options>, 3'504'872,
       3'666'108, 5},
      {"shufflenet_v2",
       make_net<models::ShuffleNetV2, models::ShuffleNetV2Options>, 1'366'792,
       1'526'428, 20}};
  return nets;
}

std::int64_t numbers_in(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const auto& parameter : module.parameters()) count += parameter.numel();
  return count;
}

std::vector<std::string> state_of(const torch::nn::Module& module) {
  std::vector<std::string> state;
  for (const auto& tensors :
       {module.named_parameters(), module.named_buffers()}) {
    for (const auto& entry : tensors) {
      auto line = entry.key();
      for (const auto size : entry.value().sizes()) {
        line += " " + std::to_string(size);
      }
      state.push_back(line);
    }
  }
  std::sort(state.begin(), state.end());
  return state;
}

}  // namespace expandnet::testing
