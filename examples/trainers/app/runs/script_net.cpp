#include "trainers/app/runs/script_net.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/randn_like.h>
#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/base/atomic_file.h>
#include <expandnet/deploy/imported_script.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "trainers/app/runs/cost_notes.h"
#include "trainers/app/runs/layer_strategies.h"
#include "trainers/app/runs/run_files.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

/// Of an error in a script, what follows its trace.
std::string reason_of(const std::exception& error) {
  std::string reason;
  for (auto& line : split(message_of(error), '\n')) {
    if (!line.empty()) reason = std::move(line);
  }
  return reason;
}

torch::Tensor two_of(const torch::Tensor& example) {
  return at::cat({example, example});
}

/// Images are of single precision: a net of another one cannot take them.
void check_dtype(const std::string& flag, const torch::nn::Module& net) {
  for (const auto& item : net.named_parameters()) {
    const auto dtype = item.value().scalar_type();
    TORCH_CHECK(!at::isFloatingType(dtype) || dtype == at::kFloat,
                error_message(flag, "the net must be of single precision",
                              std::string(c10::toString(dtype)) + " in " +
                                  in_quotes(item.key()),
                              "in Python, save net.float()"));
  }
}

/// "a, b and 3 more"
std::string first_of(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 8;
  if (names.size() <= kShown) return c10::Join(", ", names);
  const std::vector<std::string> shown(names.begin(), names.begin() + kShown);
  return c10::Join(", ", shown) + " and " +
         std::to_string(names.size() - kShown) + " more";
}

}  // namespace

bool is_script(const std::string& net) {
  auto ending = fs::path(net).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](char letter) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  });
  return ending == ".pt";
}

std::function<std::string(const std::string&)> net_among(
    std::vector<std::string> names) {
  return [names = std::move(names)](const std::string& net) -> std::string {
    const bool is_known =
        std::find(names.begin(), names.end(), net) != names.end();
    if (is_known || is_script(net)) return "";
    return "must be one of " + c10::Join(", ", names) +
           ", or a file NAME.pt of TorchScript, got " + net;
  };
}

void check_script_recipes(const std::string& net,
                          const std::vector<std::string>& recipes) {
  for (const auto& recipe : recipes) {
    if (recipe == "none") continue;
    if ((recipe == kDefaultRecipe) == is_script(net)) continue;
    throw CLI::ValidationError(
        "--expand",
        is_script(net)
            ? "must be none or default for a net in a file, got " + recipe
            : "default is of nets in a file, got " + net);
  }
}

train::Model net_in_script(const std::string& flag, const std::string& file,
                           std::int64_t classes, const torch::Tensor& example) {
  auto model = train::model_of(import_torchscript(file));
  const auto images = two_of(example);
  torch::Tensor outputs;
  {
    const at::NoGradGuard no_grad;
    const train::ModeGuard evaluating(model.module, false);
    try {
      outputs = model.forward(images.clone()).one();
    } catch (const std::exception& error) {
      check_dtype(flag, *model.module);
      TORCH_CHECK(false,
                  error_message(
                      flag, "the net must take images " + sizes(images.sizes()),
                      "an error (" + reason_of(error) + ")"));
    }
  }
  const auto got = sizes(outputs.sizes()) + " for two images";
  TORCH_CHECK(outputs.dim() == 2 && outputs.size(1) == classes,
              error_message(flag,
                            "the net must have an output for each of the " +
                                std::to_string(classes) + " classes",
                            got, "give it such a head in Python"));
  TORCH_CHECK(outputs.size(0) == 2,
              error_message(flag, "the net must have outputs for each image",
                            got, "let its forward take any number of images"));
  return model;
}

train::Model script_net(const std::string& net, std::int64_t classes,
                        const torch::Tensor& example,
                        const Settings& settings) {
  const auto own = fs::path(settings.out) / kScriptFile;
  return net_in_script("--net", fs::exists(own) ? own.string() : net, classes,
                       example);
}

void keep_script(const std::string& net, const std::string& folder) {
  const auto own = fs::path(folder) / kScriptFile;
  if (!fs::exists(own)) {
    write_file_atomically(own.string(), MappedFile(net).bytes());
    return;
  }
  if (!fs::exists(net)) return;
  TORCH_CHECK(MappedFile(net).bytes() == MappedFile(own.string()).bytes(),
              error_message(
                  "--net", "a run goes on with the file that it began with",
                  in_quotes(net) + ", which is not " + in_quotes(own.string()),
                  "name another folder by --out"));
}

std::vector<std::string> check_gradients(const train::Model& model,
                                         const torch::Tensor& example) {
  const train::ModeGuard training(model.module, true);
  const at::Tensor outputs =
      model.forward(at::randn_like(two_of(example))).one();
  std::vector<std::string> without;
  bool any = outputs.requires_grad();
  if (any) {
    outputs.sum().backward();
    any = false;
    for (const auto& item : model.module->named_parameters()) {
      if (!item.value().requires_grad()) continue;
      const bool has_one = item.value().grad().defined();
      any = any || has_one;
      if (!has_one) without.push_back(item.key());
    }
  }
  TORCH_CHECK(
      any,
      error_message("--net", "the loss must reach parameters that train",
                    "outputs without a gradient",
                    "in Python, leave out no_grad, detach and quantization"));
  if (without.empty()) return {};
  return {"no gradient reaches " + first_of(without) +
          ": they keep their values"};
}

TrainableModel script_model(train::Model net, const std::string& recipe,
                            const torch::Tensor& example,
                            const Machine& machine, const Settings& settings) {
  const auto shared = net.module;
  const auto forward = net.forward;
  const ExpandNet expand_net = [&](torch::nn::Module& module) {
    const auto image = example.to(machine.device);
    MaxCost bound;
    bound.share = kNotableCost;
    bound.forward = [&] {
      const at::NoGradGuard no_grad;
      const train::ModeGuard evaluating(shared, false);
      static_cast<void>(forward(image));
    };
    // Of all processes: the chains are the same for any number of them.
    bound.passes = settings.batch_size * settings.accumulate;
    bound.excepts = named_by_strategies(settings);
    const auto usual = default_selector(module, expansion_options(settings));
    return expand(module, with_strategies(module, usual, settings), bound);
  };
  auto trainable =
      weight_space_model(std::move(net), recipe, expand_net, machine, settings);
  if (recipe == "none") return trainable;
  const auto script = std::dynamic_pointer_cast<ImportedScriptImpl>(shared);
  for (const auto& note : script->notes()) trainable.notes.push_back(note);
  return trainable;
}

}  // namespace expandnet::examples
