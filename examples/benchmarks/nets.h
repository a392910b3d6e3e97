// nets.h: the networks that can be timed.
#pragma once

#include <expandnet/fold/options.h>
#include <expandnet/passes/expand.h>
#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace expandnet::bench {

/// A module of any type, and how to run it.
struct Model {
  std::shared_ptr<torch::nn::Module> module;
  std::function<torch::Tensor(const torch::Tensor& images)> forward;
};

/// One network and its expansion.
struct Net {
  std::string name;
  std::int64_t image_size;  ///< side in pixels
  std::int64_t classes;
  Selector selector;
  /// The plain LibTorch network ...
  std::function<Model(std::int64_t image_size)> compact;
  /// ... and the same of expanded modules, with the same keys outside of its
  /// chains.
  std::function<Model(std::int64_t image_size, Execution execution)> expanded;
};

/// A new network is one more entry of the table behind these.
const std::vector<std::string>& net_names();
/// `name` is one of the names.
const Net& find_net(const std::string& name);

}  // namespace expandnet::bench
