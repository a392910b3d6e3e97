// keys.h: the names of a file's tensors, by the modules they stand in.
#pragma once

#include <expandnet/io/weights.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace expandnet {

/// Tensors by name, and the parts of the paths that stand under each module.
class Keys {
 public:
  explicit Keys(const Weights& weights);

  /// Whether a tensor has this name.
  [[nodiscard]] bool has(const std::string& name) const {
    return tensors_.count(name) != 0;
  }
  /// Whether a tensor or a module stands at this path.
  [[nodiscard]] bool has_path(const std::string& path) const {
    return has(path) || children_.count(path) != 0;
  }
  [[nodiscard]] const at::Tensor& at(const std::string& name) const {
    return tensors_.at(name);
  }
  /// Every module, an outer one before those in it; "" is the first.
  [[nodiscard]] std::vector<std::string> modules() const;
  /// The names of the modules and tensors directly in a module.
  [[nodiscard]] const std::set<std::string>& children(
      const std::string& module) const {
    return children_.at(module);
  }
  /// The full names of all tensors within a module.
  [[nodiscard]] std::vector<std::string> within(
      const std::string& module) const;

 private:
  std::map<std::string, at::Tensor> tensors_;
  std::map<std::string, std::set<std::string>> children_;
};

}  // namespace expandnet
