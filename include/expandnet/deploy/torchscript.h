// torchscript.h: writes a C++ model to a file that runs without the model's
// code.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>
#include <expandnet/deploy/imported_script.h>
#include <torch/nn/module.h>

#include <functional>
#include <string>
#include <utility>

namespace expandnet {

struct TorchScriptOptions {
  /// Largest max |file - model| / max |model| that is allowed. Both run the
  /// same kernels, but operations that TorchScript fuses may round differently.
  double tolerance = 1e-5;
  /// Whether the file must also compute the same as the model for a batch of
  /// another size than the example's.
  bool any_batch_size = true;
};

/// How far the file's outputs are from the model's.
struct TorchScriptReport {
  double error = 0;  ///< on the example
  /// On a batch with one more image; 0 unless `any_batch_size` is set.
  double error_of_other_batch = 0;
};

/// Writes a TorchScript file that Python (`torch.jit.load`), C++
/// (`torch::jit::load`) and mobile runtimes run without the model's code, with
/// the module's state keys, dtypes and devices.
///
/// `forward` runs the module on one tensor [N, ...] and returns one tensor. It
/// is traced on `example`: branches that depend on tensor values, and sizes
/// that are read as numbers, are fixed to those of the example. Before the file
/// is written, atomically, its content is loaded, run and compared with the
/// model.
///
/// Throws `c10::Error` for a module that is in training mode or still expanded,
/// an example without rows, a result that is not one tensor, and a file that
/// computes something else; `std::runtime_error` as AtomicFile does.
EXPANDNET_API TorchScriptReport
export_torchscript(torch::nn::Module& module,
                   const std::function<at::Tensor(const at::Tensor&)>& forward,
                   const at::Tensor& example, const std::string& path,
                   const TorchScriptOptions& options = {});

/// The same for a module holder.
///
///     net->eval();
///     export_torchscript(net, torch::zeros({1, 3, 224, 224}), "net.pt");
template <typename Contained>
TorchScriptReport export_torchscript(
    const torch::nn::ModuleHolder<Contained>& model, const at::Tensor& example,
    const std::string& path, const TorchScriptOptions& options = {}) {
  const auto& module = model.ptr();
  return export_torchscript(
      *module, [&](const at::Tensor& x) { return module->forward(x); }, example,
      path, options);
}

/// Writes an imported script with its original code and its current weights.
EXPANDNET_API TorchScriptReport export_torchscript(
    const ImportedScript& model, const at::Tensor& example,
    const std::string& path, const TorchScriptOptions& options = {});

}  // namespace expandnet
