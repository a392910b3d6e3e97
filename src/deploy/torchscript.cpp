#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <c10/util/Exception.h>
#include <expandnet/base/atomic_file.h>
#include <expandnet/deploy/torchscript.h>
#include <expandnet/nn/expanded_layer.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/serialization/import.h>

#include <cctype>
#include <map>
#include <memory>
#include <sstream>

#include "base/table.h"
#include "deploy/script_of.h"
#include "fold/relative_error.h"
#include "fold/site_message.h"
#include "passes/check.h"
#include "passes/walk.h"

namespace expandnet {

namespace {

using Forward = std::function<at::Tensor(const at::Tensor&)>;

const Site kExport{"export_torchscript", ""};

void check_exportable(torch::nn::Module& module, const at::Tensor& example) {
  walk(module, [](const std::string& path, torch::nn::Module& part) {
    const Site site{kExport.caller, path};
    TORCH_CHECK(!part.is_training(),
                error_message(site, "the model must be in evaluation mode",
                              "training mode", "call eval() on it"));
    const auto* layer = dynamic_cast<const ExpandedLayer*>(&part);
    TORCH_CHECK(layer == nullptr || layer->is_contracted(),
                error_message(site, "the model must be compact",
                              "an expanded layer", "contract() it before"));
  });
  TORCH_CHECK(example.defined() && example.dim() > 0 && example.size(0) > 0,
              error_message(kExport, "the example must be a batch [N, ...]",
                            example.defined() ? sizes(example.sizes())
                                              : "an undefined tensor"));
}

/// The module tree as TorchScript's, whose attributes are the same tensors.
class Mirror {
 public:
  torch::jit::Module of(const torch::nn::Module& module) {
    const auto known = modules_.find(&module);
    if (known != modules_.end()) return known->second;
    torch::jit::Module script(type_name(module), unit_);
    for (const auto& item : module.named_parameters(/*recurse=*/false)) {
      script.register_parameter(item.key(), item.value(), false);
    }
    for (const auto& item : module.named_buffers(/*recurse=*/false)) {
      script.register_buffer(item.key(), item.value());
    }
    for (const auto& child : module.named_children()) {
      script.register_module(child.key(), of(*child.value()));
    }
    script.register_attribute("training", c10::BoolType::get(), false);
    modules_.emplace(&module, script);
    return script;
  }

 private:
  /// `my::NetImpl` -> `__torch__.my_NetImpl_0`: a type of its own for each, as
  /// each has its own attributes.
  std::string type_name(const torch::nn::Module& module) {
    std::string name;
    for (const char letter : module.name()) {
      const bool is_part =
          std::isalnum(static_cast<unsigned char>(letter)) != 0;
      if (is_part) {
        name += letter;
      } else if (!name.empty() && name.back() != '_') {
        name += '_';
      }
    }
    return "__torch__." + name + "_" + std::to_string(types_++);
  }

  std::shared_ptr<torch::jit::CompilationUnit> unit_ =
      std::make_shared<torch::jit::CompilationUnit>();
  std::map<const torch::nn::Module*, torch::jit::Module> modules_;
  int types_ = 0;
};

torch::jit::Module traced(const torch::nn::Module& module,
                          const Forward& forward, const at::Tensor& example) {
  auto script = Mirror().of(module);
  const auto run = [&](const torch::jit::Stack& inputs) -> torch::jit::Stack {
    return {forward(inputs.front().toTensor())};
  };
  const auto state =
      torch::jit::tracer::trace(
          {example}, run, [](const at::Tensor&) { return std::string(); },
          /*strict=*/true, /*force_outplace=*/false, &script, {"x"})
          .first;
  auto* function = script._ivalue()->compilation_unit()->create_function(
      c10::QualifiedName(*script.type()->name(), "forward"), state->graph);
  script.type()->addMethod(function);
  return script;
}

/// How far the file is from the model on `input`; throws if too far.
double compare(torch::jit::Module& loaded, const Forward& forward,
               const at::Tensor& input, double tolerance,
               const std::string& remedy) {
  const auto check = [&](bool fine, const std::string& got) {
    TORCH_CHECK(fine, error_message(
                          kExport, "the file must compute what the model does",
                          got + " for inputs " + sizes(input.sizes()), remedy));
  };
  // Each on a copy: a forward may write into its input.
  const auto expected = forward(input.clone());
  at::Tensor actual;
  try {
    actual = loaded.forward({input.clone()}).toTensor();
  } catch (const std::exception&) {
    check(false, "an error");
  }
  check(actual.sizes() == expected.sizes(), "outputs " + sizes(actual.sizes()) +
                                                " instead of " +
                                                sizes(expected.sizes()));
  const auto error =
      expected.numel() == 0 ? 0 : relative_error(actual, expected);
  check(error <= tolerance, "a relative error of " + scientific(error) +
                                " (tolerance " + scientific(tolerance) + ")");
  return error;
}

/// Writes the script, if what is read of it computes what `forward` does.
TorchScriptReport write_checked(const torch::jit::Module& script,
                                const Forward& forward,
                                const at::Tensor& example,
                                const std::string& path,
                                const TorchScriptOptions& options) {
  std::stringstream content;
  script.save(content);

  auto loaded = torch::jit::load(content);
  TorchScriptReport report;
  report.error = compare(loaded, forward, example, options.tolerance,
                         "forward() must not depend on anything but its input");
  if (options.any_batch_size) {
    report.error_of_other_batch =
        compare(loaded, forward, at::cat({example, example.slice(0, 0, 1)}),
                options.tolerance,
                "its trace has fixed sizes that forward() reads as numbers; "
                "use flatten, "
                "unflatten and -1 there, or set any_batch_size to false");
  }
  write_file_atomically(path, content.str());
  return report;
}

}  // namespace

TorchScriptReport export_torchscript(torch::nn::Module& module,
                                     const Forward& forward,
                                     const at::Tensor& example,
                                     const std::string& path,
                                     const TorchScriptOptions& options) {
  const at::NoGradGuard no_grad;
  check_exportable(module, example);
  return write_checked(traced(module, forward, example), forward, example, path,
                       options);
}

TorchScriptReport export_torchscript(const ImportedScript& model,
                                     const at::Tensor& example,
                                     const std::string& path,
                                     const TorchScriptOptions& options) {
  const at::NoGradGuard no_grad;
  const auto& module = model.ptr();
  check_exportable(*module, example);
  return write_checked(
      module->script().module,
      [&](const at::Tensor& x) { return module->forward(x); }, example, path,
      options);
}

}  // namespace expandnet
