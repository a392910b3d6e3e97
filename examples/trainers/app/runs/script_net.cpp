#include "trainers/app/runs/script_net.h"

#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/deploy/imported_script.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "trainers/app/runs/cost_notes.h"

namespace expandnet::examples {

bool is_script(const std::string& net) {
  return std::filesystem::path(net).extension() == ".pt";
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

train::Model script_net(const std::string& file, std::int64_t classes,
                        const torch::Tensor& example) {
  auto model = train::model_of(import_torchscript(file));
  torch::Tensor outputs;
  {
    const at::NoGradGuard no_grad;
    const train::ModeGuard evaluating(model.module, false);
    outputs = model.forward(example);
  }
  TORCH_CHECK(outputs.dim() == 2 && outputs.size(1) == classes,
              error_message("--net",
                            "the net must have an output for each of the " +
                                std::to_string(classes) + " classes",
                            sizes(outputs.sizes()) + " for one image",
                            "give it such a head in Python"));
  return model;
}

Trainee script_trainee(train::Model net, const std::string& recipe,
                       const torch::Tensor& example, const Machine& machine,
                       const Settings& settings) {
  const auto forward = net.forward;
  const ExpandNet expand_net = [&](torch::nn::Module& module) {
    ExpansionOptions options;
    options.rate(settings.rate).initial_values(settings.init.values);
    options.narrow(settings.narrows());
    const auto image = example.to(machine.device);
    // The chains' work is once for an update, the layers' for each image.
    const auto images =
        settings.batch_size * settings.accumulate * machine.size();
    return expand(module, default_selector(module, options),
                  MaxCost{kNotableCost * static_cast<double>(images),
                          [&] { static_cast<void>(forward(image)); }});
  };
  return weight_space_trainee(std::move(net), recipe, expand_net, machine,
                              settings);
}

}  // namespace expandnet::examples
