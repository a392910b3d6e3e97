#include "trainers/app/runs/fine_tuning.h"

#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/deploy/contract_weights.h>
#include <expandnet/deploy/load_weights.h>
#include <expandnet/io/weights_file.h>
#include <fmt/format.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/weight_paths.h"
#include "trainers/app/runs/run_files.h"

namespace expandnet::examples {

namespace {

constexpr const char* kWeightsFlag = "--weights";

/// A run's folder stands for the weights in it.
std::string file_of(const std::string& path) {
  return std::filesystem::is_directory(path)
             ? (std::filesystem::path(path) / kWeightsFile).string()
             : path;
}

at::Tensor* find(Weights& weights, const std::string& name) {
  for (auto& item : weights.tensors) {
    if (item.first == name) return &item.second;
  }
  return nullptr;
}

bool has_chains(const Weights& weights) {
  return !find_chains(weights).empty();
}

/// Puts the net's own head in the place of the file's, and says so; does
/// nothing if the file's fits.
void replace_head(const torch::nn::Module& net, const std::string& path,
                  HeadChoice choice, Weights& weights,
                  std::vector<std::string>& notes) {
  const auto own = weights_of(net);
  std::string sizes_in_file = "none";
  bool fits = true;
  std::vector<std::pair<std::string, at::Tensor>> head;
  for (const auto& [name, tensor] : own.tensors) {
    if (name != path + ".weight" && name != path + ".bias") continue;
    head.emplace_back(name, tensor);
    const auto* in_file = find(weights, name);
    fits = fits && in_file != nullptr && in_file->sizes() == tensor.sizes();
    if (in_file != nullptr && in_file->dim() > 0 && name == path + ".weight") {
      sizes_in_file = fmt::format("{} outputs", in_file->size(0));
    }
  }
  if (choice == HeadChoice::kKeep || (choice == HeadChoice::kAuto && fits)) {
    return;
  }
  auto& tensors = weights.tensors;
  tensors.erase(std::remove_if(tensors.begin(), tensors.end(),
                               [&](const auto& item) {
                                 return item.first == path + ".weight" ||
                                        item.first == path + ".bias";
                               }),
                tensors.end());
  notes.push_back(fmt::format(
      "the head {} gets new values, for {} outputs; the file's is for "
      "{}",
      path, head.front().second.size(0), sizes_in_file));
  for (auto& item : head) tensors.push_back(std::move(item));
}

/// Loads all of them, or throws. The flat MobileNetV2, on which the paper's is
/// built, has other names than torchvision's, which are the net's.
void load(torch::nn::Module& net, Weights weights, const std::string& file) {
  std::exception_ptr failure;
  std::string reason;
  try {
    load_weights(net, weights);
    return;
  } catch (const c10::Error& error) {
    failure = std::current_exception();
    reason = message_of(error);
  }
  std::optional<Weights> renamed;
  try {
    renamed = with_torchvision_names(std::move(weights));
    load_weights(net, *renamed);
    return;
  } catch (const c10::Error&) {  // the first reason is the one that helps
  }
  TORCH_CHECK(false,
              error_message(kWeightsFlag, "the weights must be of this net",
                            "\"" + file + "\" (" + reason + ")"));
}

void freeze(torch::nn::Module& net, const std::vector<std::string>& patterns) {
  std::vector<torch::Tensor> frozen;
  for (const auto& pattern : patterns) {
    const auto before = frozen.size();
    for (const auto& item : net.named_parameters()) {
      if (matches_within(pattern, item.key())) frozen.push_back(item.value());
    }
    if (frozen.size() > before) continue;
    std::vector<std::string> children;
    for (const auto& child : net.named_children()) {
      children.push_back(child.key());
    }
    TORCH_CHECK(
        false,
        error_message("--freeze", "a pattern must name parameters of the net",
                      "\"" + pattern + "\"",
                      "the net has " + c10::Join(", ", children)));
  }
  for (auto& tensor : frozen) tensor.set_requires_grad(false);
}

}  // namespace

std::string head_of(const torch::nn::Module& net) {
  std::string linear, convolution;
  for (const auto& item : net.named_modules()) {
    const auto* module = item.value().get();
    if (dynamic_cast<const torch::nn::LinearImpl*>(module) != nullptr) {
      linear = item.key();
    } else if (dynamic_cast<const torch::nn::Conv2dImpl*>(module) != nullptr) {
      convolution = item.key();
    }
  }
  return linear.empty() ? convolution : linear;
}

std::vector<std::string> fine_tune(torch::nn::Module& net,
                                   const Settings& settings) {
  std::vector<std::string> notes;
  const auto& tuning = settings.fine_tuning;
  if (!tuning.weights.empty()) {
    const auto file = file_of(tuning.weights);
    auto weights = read_weights(file, tuning.weights_key);
    notes = std::move(weights.notes);
    if (has_chains(weights)) weights = contract_weights(weights).weights;
    const auto head = head_of(net);
    TORCH_CHECK(!head.empty() || tuning.head == HeadChoice::kAuto,
                error_message("--head",
                              "the net must have a linear layer or a "
                              "convolution",
                              "none", "leave the flag out"));
    if (!head.empty()) {
      replace_head(net, head, tuning.head, weights, notes);
    }
    load(net, std::move(weights), file);
  }
  freeze(net, tuning.freeze);
  return notes;
}

}  // namespace expandnet::examples
