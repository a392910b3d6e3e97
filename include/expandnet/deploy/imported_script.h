// imported_script.h: loads a model that was written in Python, for training in
// C++.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <expandnet/base/export.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <memory>
#include <string>
#include <vector>

namespace expandnet {

/// A TorchScript module as a LibTorch module, made by `import_torchscript`. Its
/// module tree holds the script's own parameters and buffers, under the keys of
/// Python, and `forward` runs the script. Its convolutions (1-d to 3-d,
/// transposed) and linear layers are LibTorch's modules, so that `expand`,
/// selectors, `summary`, checkpoints, averages and distributed training work
/// with them.
class EXPANDNET_API ImportedScriptImpl : public torch::nn::Module {
 public:
  struct Script;  ///< the script, without its headers
  explicit ImportedScriptImpl(std::shared_ptr<Script> script);
  ~ImportedScriptImpl() override;

  /// Runs the script on one tensor.
  at::Tensor forward(const at::Tensor& x);

  /// Also sets the mode of the script. A BatchNorm of any class whose weight is
  /// frozen stays in evaluation mode, as in `train::set_training`. Throws
  /// `c10::Error` if the script cannot be set to training mode: see
  /// `import_torchscript`.
  void train(bool on = true) override;

  /// One line for each layer that stays compact because it has a class of its
  /// own, such as `class MyConv(nn.Conv2d)`, whose forward may compute
  /// anything.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

  /// The script, for export.
  [[nodiscard]] Script& script() const { return *script_; }

 private:
  std::shared_ptr<Script> script_;
  std::vector<std::string> notes_;
};
TORCH_MODULE(ImportedScript);

/// Loads a file that Python wrote with `torch.jit.script(net).save(path)`, on
/// the CPU, in the mode in which it was saved.
///
/// A traced module (`torch.jit.trace`) has no mode. If its graph fixes the mode
/// of an operator, such as a BatchNorm or dropout, the operator keeps the mode
/// of the trace: the script is in evaluation mode, and training mode is
/// refused. Other traced modules can be trained; the groups of their
/// convolutions are read from the graph. A traced part of a script counts as a
/// traced module.
///
/// The code in the file is executed: load only files that you trust. Throws
/// `std::runtime_error` for a file that is damaged, is not a script, or uses
/// unknown operators; `c10::Error` unless `forward` takes one tensor and
/// returns one, and the script has parameters.
///
///     auto net = import_torchscript("net.pt");
///     net->train();
///     auto expansion = expand(*net, ExpansionOptions().rate(4));
[[nodiscard]] EXPANDNET_API ImportedScript
import_torchscript(const std::string& path);

}  // namespace expandnet
