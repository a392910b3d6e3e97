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

/// The net in the file. Throws as `import_torchscript` does, and `c10::Error`
/// unless it gives [1, classes] for the example, a batch of one image.
[[nodiscard]] train::Model script_net(const std::string& file,
                                      std::int64_t classes,
                                      const torch::Tensor& example);

/// It on the machine, with its chains beside it; none for "none".
[[nodiscard]] Trainee script_trainee(train::Model net,
                                     const std::string& recipe,
                                     const torch::Tensor& example,
                                     const Machine& machine,
                                     const Settings& settings);

}  // namespace expandnet::examples
