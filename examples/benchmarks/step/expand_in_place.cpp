#include "benchmarks/step/expand_in_place.h"

#include <c10/util/Exception.h>
#include <expandnet/nn/expanded_conv.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <string>

#include "base/error.h"
#include "base/weight_paths.h"
#include "trainers/cifar/to_options.h"

namespace expandnet::examples::bench {

namespace {

void expand_layers_of(torch::nn::SequentialImpl& sequential,
                      const std::string& path, const Selector& selector,
                      Execution execution) {
  const auto names = sequential.named_children().keys();
  std::size_t next = 0;
  for (auto& place : sequential) {
    const auto& name = names[next++];
    const auto* conv = place.ptr()->as<torch::nn::Conv2dImpl>();
    if (conv == nullptr) continue;
    auto expansion = selector(under(path, name), *conv);
    if (!expansion) continue;
    const ExpandedConv2d expanded(to_options(conv->options),
                                  expansion->execution(execution));
    sequential.replace_module(name, expanded.ptr());
    place = torch::nn::AnyModule(expanded);
  }
}

}  // namespace

void expand_in_place(torch::nn::Module& model, const Selector& selector,
                     Execution execution) {
  for (const auto& item : model.named_modules()) {
    auto* sequential = item.value()->as<torch::nn::SequentialImpl>();
    if (sequential == nullptr) continue;
    expand_layers_of(*sequential, item.key(), selector, execution);
  }
  for (const auto& item : model.named_modules()) {
    const auto& module = *item.value();
    const bool may_be_named = module.as<torch::nn::Conv2dImpl>() != nullptr ||
                              module.as<torch::nn::LinearImpl>() != nullptr;
    TORCH_CHECK(!may_be_named || !selector(item.key(), module),
                error_message("expand_in_place",
                              "a layer to expand must be a Conv2d in a "
                              "Sequential",
                              "\"" + item.key() + "\""));
  }
}

}  // namespace expandnet::examples::bench
