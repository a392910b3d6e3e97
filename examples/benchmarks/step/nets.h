// nets.h: the networks that can be timed.
#pragma once

#include <expandnet/fold/options.h>
#include <expandnet/passes/expand.h>
#include <expandnet/train/model.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "benchmarks/step/setup.h"

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
  /// ... and the same of expanded modules, with the keys that the parameters
  /// have in weight space. Null: it is not written in modules.
  std::function<Model(std::int64_t image_size, Execution execution)> expanded;
  bool by_default = false;  ///< is small enough for any machine
  /// Pixels of the image for each output in a row and a column, where all of
  /// them have a class; 0: the image has one.
  std::int64_t stride = 0;
};

/// A new network is one more entry of the table behind these.
const std::vector<std::string>& net_names();
/// Those that are small enough for any machine.
std::vector<std::string> default_net_names();
/// `name` is one of the names.
const Net& find_net(const std::string& name);

/// Of the ways to train, those of this net: not all are written as modules.
std::vector<Way> ways_to_train(const Net& net, std::vector<Way> ways);

/// Of the ways to train a net, those to run it: weight space is compact then.
std::vector<Way> ways_to_infer(std::vector<Way> ways);

}  // namespace expandnet::examples::bench
