// imported_script.h: a model that was written in Python, to be trained here.
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

/// A TorchScript module as a LibTorch module: its tree has the script's own
/// parameters and buffers, under the keys of Python, and `forward` runs the
/// script. Its convolutions (1-d to 3-d, transposed) and linear layers are
/// those of LibTorch, so that `expand`, selectors, `summary`, checkpoints,
/// averages and ranks see them. Made by `import_torchscript`.
class EXPANDNET_API ImportedScriptImpl : public torch::nn::Module {
 public:
  struct Script;  ///< the script, without its headers
  explicit ImportedScriptImpl(std::shared_ptr<Script> script);
  ~ImportedScriptImpl() override;

  /// Runs the script on one tensor.
  at::Tensor forward(const at::Tensor& x);

  /// Sets the mode of the script, too; a BatchNorm of any class whose weight is
  /// frozen stays in evaluation mode, as in `train::set_training`. Throws
  /// `c10::Error` for training mode where the script cannot follow: see
  /// `import_torchscript`.
  void train(bool on = true) override;

  /// Lines on layers that stay compact: those of classes of their own, such as
  /// `class MyConv(nn.Conv2d)`, whose forward may do anything.
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
/// A traced module (`torch.jit.trace`) holds no mode: where its graph fixes
/// that of an operator, such as a BatchNorm or dropout, this keeps what it did
/// when it was traced: the script is in evaluation mode, and training mode is
/// refused. Others train; the groups of their convolutions are read from the
/// graph. A traced part of a script counts as a traced module.
///
/// Its code is executed: take files from whom you trust. Throws
/// `std::runtime_error` for a damaged file, one that is no script, or one with
/// operators that are not here; `c10::Error` unless `forward` takes one tensor
/// and returns one, and the script has parameters.
///
///     auto net = import_torchscript("net.pt");
///     net->train();
///     auto expansion = expand(*net, ExpansionOptions().rate(4));
[[nodiscard]] EXPANDNET_API ImportedScript
import_torchscript(const std::string& path);

}  // namespace expandnet
