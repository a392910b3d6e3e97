// imagenet_nets.h: the networks for ImageNet, as the tests go through them.
#pragma once

#include <expandnet/train/model.h>

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace expandnet::testing {

/// A network, and what the paper and its own publication say of it, with a
/// thousand classes.
struct ImageNetNet {
  std::string name;
  std::function<train::Model(std::int64_t classes)> make;
  std::int64_t parameters;
  std::int64_t expanded_parameters;
  std::size_t chains;
};
std::ostream& operator<<(std::ostream& stream, const ImageNetNet& net);
std::string name_of(const ImageNetNet& net);

/// MobileNetV1, MobileNetV2 and ShuffleNetV2 0.5x.
const std::vector<ImageNetNet>& imagenet_nets();

/// Numbers in all parameters.
std::int64_t numbers_in(const torch::nn::Module& module);

/// The keys of all parameters and buffers with their sizes, sorted:
/// "fc.weight 1000 1024".
std::vector<std::string> state_of(const torch::nn::Module& module);

}  // namespace expandnet::testing
