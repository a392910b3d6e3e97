// nets.h: the networks that can be timed.
#pragma once

#include <expandnet/fold/options.h>
#include <expandnet/passes/expand.h>
#include <expandnet/train/model.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "setup.h"

namespace expandnet::examples::bench {

using train::Model;

/// One network and its expansion.
struct Net {
  std::string name;
  std::int64_t image_size;  ///< side in pixels
  std::int64_t classes;
  Selector selector;
  /// The plain LibTorch network ...
  std::function<Model(std::int64_t image_size)> compact;
  /// ... and the same of expanded modules, with the same keys outside of its
  /// chains; empty for nets that are only trained in weight space.
  std::function<Model(std::int64_t image_size, Execution execution)> expanded;
};

/// A new network is one more entry of the table behind these.
const std::vector<std::string>& net_names();
/// Those that are small enough for any machine, and have all ways.
std::vector<std::string> default_net_names();
/// `name` is one of the names.
const Net& find_net(const std::string& name);

/// Of the ways asked for, those that a net can be trained in, and those that it
/// can be run in: weight space is compact then.
std::vector<Way> ways_to_train(const std::string& net,
                               const std::vector<Way>& asked);
std::vector<Way> ways_to_infer(const std::string& net,
                               const std::vector<Way>& asked);

}  // namespace expandnet::examples::bench
