#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>
#include <expandnet/passes/hand_over.h>
#include <torch/ordered_dict.h>

#include "fold/site_message.h"

namespace expandnet {

namespace {

using State = torch::OrderedDict<std::string, torch::Tensor>;

void check_state(const State& from, const State& into) {
  for (const auto& entry : from) {
    TORCH_CHECK(
        into.contains(entry.key()),
        error_message("hand_over", "both models must have the same state keys",
                      "\"" + entry.key() + "\" in the twin only"));
  }
  for (const auto& entry : into) {
    const auto* source = from.find(entry.key());
    TORCH_CHECK(
        source != nullptr,
        error_message("hand_over", "both models must have the same state keys",
                      "\"" + entry.key() + "\" in the model only"));
    TORCH_CHECK(
        source->sizes() == entry.value().sizes(),
        error_message(Site{"hand_over", entry.key()},
                      "the model's shape is " + sizes(entry.value().sizes()),
                      sizes(source->sizes())));
  }
}

void copy_state(const State& from, State into) {
  for (auto& entry : into) entry.value().copy_(from[entry.key()]);
}

void hand_over_state(const torch::nn::Module& twin, const State& parameters,
                     const State& buffers) {
  const torch::NoGradGuard no_grad;
  check_state(twin.named_parameters(), parameters);
  check_state(twin.named_buffers(), buffers);
  copy_state(twin.named_parameters(), parameters);
  copy_state(twin.named_buffers(), buffers);
}

}  // namespace

void hand_over(const torch::nn::Module& twin, torch::nn::Module& model) {
  hand_over_state(twin, model.named_parameters(), model.named_buffers());
}

void hand_over(const torch::nn::Module& twin, Expansion& expansion) {
  hand_over_state(twin, expansion.named_parameters(),
                  expansion.model().named_buffers());
  expansion.fold();
}

}  // namespace expandnet
