// script_net.h: nets written in Python, given by --net FILE.pt.
#pragma once

#include <expandnet/train/model.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "trainers/app/runs/trainable_model.h"

namespace expandnet::examples {

/// The recipe of such nets: the paper's choice for each layer, except for
/// layers whose chain would cost more than `kNotableCost`.
inline constexpr const char* kDefaultRecipe = "default";

/// Whether --net names a TorchScript file.
[[nodiscard]] bool is_script(const std::string& net);

/// Returns a check that accepts one of these names, or a TorchScript file.
[[nodiscard]] std::function<std::string(const std::string&)> net_among(
    std::vector<std::string> names);

/// Throws `CLI::ValidationError` if the net is a script and a recipe is not one
/// for scripts, or the other way round.
void check_script_recipes(const std::string& net,
                          const std::vector<std::string>& recipes);

/// Loads the net in the file that `flag` names. Throws as `import_torchscript`
/// does, and `c10::Error` unless its output for two images, each as the example
/// is, a batch of one, is [2, classes].
[[nodiscard]] train::Model net_in_script(const std::string& flag,
                                         const std::string& file,
                                         std::int64_t classes,
                                         const torch::Tensor& example);

/// Loads the net of --net, from the run's own copy of the file if there is one.
[[nodiscard]] train::Model script_net(const std::string& net,
                                      std::int64_t classes,
                                      const torch::Tensor& example,
                                      const Settings& settings);

/// Copies the file of --net to a run's folder, so that the run can be resumed
/// and evaluated even if the file is moved. Throws `c10::Error` if the folder
/// has a different file.
void keep_script(const std::string& net, const std::string& folder);

/// Runs the net once in training mode, on two random images of the example's
/// size, and back. Returns a note about parameters that no gradient reaches;
/// throws `c10::Error` if none reaches any. Changes statistics and gradients.
[[nodiscard]] std::vector<std::string> check_gradients(
    const train::Model& model, const torch::Tensor& example);

/// Moves the net to the machine and makes an Expansion of it unless the recipe
/// is "none".
[[nodiscard]] TrainableModel script_model(train::Model net,
                                          const std::string& recipe,
                                          const torch::Tensor& example,
                                          const Machine& machine,
                                          const Settings& settings);

}  // namespace expandnet::examples
