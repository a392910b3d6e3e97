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
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "base/weight_paths.h"
#include "passes/walk.h"
#include "trainers/app/runs/run_files.h"

namespace expandnet::examples {

namespace {

constexpr const char* kWeightsFlag = "--weights";
constexpr const char* kFreezeFlag = "--freeze";

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
  const auto report = match_weights(net, weights);
  if (!report.complete()) {
    try {
      weights = with_torchvision_names(std::move(weights));
    } catch (const c10::Error&) {  // what does not fit is told below
    }
    TORCH_CHECK(match_weights(net, weights).complete(),
                error_message(kWeightsFlag, "the weights must be of this net",
                              in_quotes(file) + " with " + report.counts(),
                              "give a file of this net\n"),
                report.mismatches());
  }
  load_weights(net, weights);
}

std::string children_of(const torch::nn::Module& net) {
  std::vector<std::string> children;
  for (const auto& child : net.named_children()) {
    children.push_back(child.key());
  }
  return "the net has " + c10::Join(", ", children);
}

/// A norm without a weight has nothing that says it is frozen.
void check_norms(const torch::nn::Module& net, const std::string& pattern) {
  for (const auto& item : net.named_modules()) {
    const auto& module = *item.value();
    const bool is_bare =
        matches_within(pattern, item.key()) &&
        module.named_buffers(/*recurse=*/false).contains("running_mean") &&
        !module.named_parameters(/*recurse=*/false).contains("weight");
    TORCH_CHECK(!is_bare,
                error_message(kFreezeFlag,
                              "a norm with statistics must have a weight to be "
                              "frozen",
                              "none in " + in_quotes(item.key()),
                              "in Python, make it with affine=True"));
  }
}

void freeze(torch::nn::Module& net, const std::vector<std::string>& patterns) {
  std::vector<torch::Tensor> frozen;
  for (const auto& pattern : patterns) {
    check_norms(net, pattern);
    const auto before = frozen.size();
    for (const auto& item : net.named_parameters()) {
      if (matches_within(pattern, item.key())) frozen.push_back(item.value());
    }
    if (frozen.size() > before) continue;
    TORCH_CHECK(
        false,
        error_message(kFreezeFlag, "a pattern must name parameters of the net",
                      in_quotes(pattern), children_of(net)));
  }
  for (auto& tensor : frozen) tensor.set_requires_grad(false);
}

/// What the flags make of the head; nothing where none concerns it. `is_new`:
/// a note says so already.
std::vector<std::string> notes_on_head(const std::string& head,
                                       const FineTuning& tuning, bool is_new) {
  std::vector<std::string> notes;
  if (!tuning.weights.empty() && tuning.head == HeadChoice::kKeep) {
    notes.push_back("the head " + head + " is the file's");
  } else if (!tuning.head_layer.empty() && !is_new && tuning.lr_head == 1) {
    notes.push_back("the head is " + head);
  }
  if (tuning.lr_head != 1) {
    notes.push_back(fmt::format("the head {} learns at {} times the rate", head,
                                tuning.lr_head));
  }
  return notes;
}

}  // namespace

Weights starting_weights(const FineTuning& tuning) {
  auto weights = read_weights(file_of(tuning.weights), tuning.weights_key);
  if (!has_chains(weights)) return weights;
  auto notes = std::move(weights.notes);
  weights = contract_weights(weights).weights;
  weights.notes = std::move(notes);
  return weights;
}

std::string head_of(torch::nn::Module& net, const FineTuning& tuning) {
  const auto& named = tuning.head_layer;
  if (!named.empty()) {
    const auto modules = net.named_modules();
    const auto* layer = modules.find(named);
    const bool has_weight =
        layer != nullptr &&
        (*layer)->named_parameters(/*recurse=*/false).contains("weight");
    TORCH_CHECK(has_weight,
                error_message("--head-layer",
                              "must name a layer with a weight, by its path",
                              in_quotes(named), children_of(net)));
    return named;
  }
  auto linear = last_path(net, [](const torch::nn::Module& module) {
    return module.as<torch::nn::LinearImpl>() != nullptr;
  });
  if (!linear.empty()) return linear;
  return last_path(net, [](const torch::nn::Module& module) {
    return module.as<torch::nn::Conv2dImpl>() != nullptr;
  });
}

std::vector<std::string> fine_tune(torch::nn::Module& net,
                                   const Settings& settings) {
  std::vector<std::string> notes;
  const auto& tuning = settings.fine_tuning;
  const auto head = head_of(net, tuning);
  bool has_new_head = false;
  if (!tuning.weights.empty()) {
    const auto own = std::filesystem::path(settings.out) / kStartFile;
    auto weights = with_names_of(net, std::filesystem::exists(own)
                                          ? read_weights(own.string())
                                          : starting_weights(tuning));
    notes = std::move(weights.notes);
    TORCH_CHECK(!head.empty() || tuning.head == HeadChoice::kAuto,
                error_message("--head",
                              "the net must have a linear layer or a "
                              "convolution",
                              "none", "leave the flag out"));
    const auto before = notes.size();
    if (!head.empty()) replace_head(net, head, tuning.head, weights, notes);
    has_new_head = notes.size() > before;
    load(net, std::move(weights), file_of(tuning.weights));
  }
  freeze(net, tuning.freeze);
  for (auto& note : notes_on_head(head, tuning, has_new_head)) {
    notes.push_back(std::move(note));
  }
  return notes;
}

}  // namespace expandnet::examples
