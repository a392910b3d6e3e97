// script_net.h: nets that were written in Python, as --net FILE.pt names them.
#pragma once

#include <expandnet/train/model.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "trainers/app/runs/trainee.h"

namespace expandnet::examples {

/// The recipe of such nets: the paper's choice for each layer, but for those
/// whose chain would cost more than `kNotableCost`.
inline constexpr const char* kDefaultRecipe = "default";

/// Whether --net names a file of TorchScript.
[[nodiscard]] bool is_script(const std::string& net);

/// Takes one of these names, or a file of TorchScript.
[[nodiscard]] std::function<std::string(const std::string&)> net_among(
    std::vector<std::string> names);

/// Throws `CLI::ValidationError` unless the recipes are those of a script where
/// the net is one, and only there.
void check_script_recipes(const std::string& net,
                          const std::vector<std::string>& recipes);

/// The net in a file that `flag` names. Throws as `import_torchscript` does,
/// and `c10::Error` unless it gives [2, classes] for two images, each as the
/// example is, a batch of one.
[[nodiscard]] train::Model net_in_script(const std::string& flag,
                                         const std::string& file,
                                         std::int64_t classes,
                                         const torch::Tensor& example);

/// The net of --net, in the run's own copy of the file where there is one.
[[nodiscard]] train::Model script_net(const std::string& net,
                                      std::int64_t classes,
                                      const torch::Tensor& example,
                                      const Settings& settings);

/// Keeps a copy of the file of --net in a run's folder, with which the run goes
/// on, and is evaluated, wherever the file is then. Throws `c10::Error` where
/// the folder's is another.
void keep_script(const std::string& net, const std::string& folder);

/// Runs the net once in training mode, on two random images of the example's
/// size, and back. Returns a note on parameters that no gradient reaches;
/// throws `c10::Error` where none reaches any. Changes statistics and
/// gradients.
[[nodiscard]] std::vector<std::string> check_gradients(
    const train::Model& model, const torch::Tensor& example);

/// The net on the machine, with its chains beside it; none for "none".
[[nodiscard]] Trainee script_trainee(train::Model net,
                                     const std::string& recipe,
                                     const torch::Tensor& example,
                                     const Machine& machine,
                                     const Settings& settings);

}  // namespace expandnet::examples
