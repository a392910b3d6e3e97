#include <c10/util/Exception.h>
#include <expandnet/deploy/imported_script.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/mapped_file.h"
#include "base/text.h"
#include "deploy/script_layers.h"
#include "deploy/script_of.h"
#include "fold/site_message.h"
#include "io/pytorch/torchscript_file.h"

namespace expandnet {

namespace {

using torch::jit::Module;

constexpr const char* kImport = "import_torchscript";

/// Operators that do another thing in training mode.
constexpr std::array<std::string_view, 6> kOfAMode = {
    "aten::batch_norm",      "aten::instance_norm", "aten::dropout",
    "aten::feature_dropout", "aten::alpha_dropout", "aten::rrelu"};

/// A part that holds tensors or other parts, and computes nothing here.
class ScriptPart : public torch::nn::Module {
 public:
  explicit ScriptPart(std::string name) : Module(std::move(name)) {}
};

/// The path of a module or tensor that the graph takes from its self: "conv.0";
/// the last attribute is left out of it.
std::string path_of(const torch::jit::Node* get) {
  const auto* input = get->input()->node();
  if (input->kind() != c10::prim::GetAttr) return "";
  const auto outer = path_of(input);
  const auto name = input->s(c10::attr::name);
  return outer.empty() ? name : outer + "." + name;
}

/// What the graph of `forward` says of a traced module.
struct TracedGraph {
  std::map<std::string, std::int64_t> groups;  ///< of convolutions, by path
  std::string of_a_mode;  ///< an operator that has the mode of the trace
};

void read_nodes(const torch::jit::Block* block, TracedGraph& graph) {
  for (const auto* node : block->nodes()) {
    const std::string kind = node->kind().toQualString();
    if (std::find(kOfAMode.begin(), kOfAMode.end(), kind) != kOfAMode.end()) {
      graph.of_a_mode = kind;
    }
    const bool is_convolution =
        kind == "aten::_convolution" || kind.rfind("aten::conv", 0) == 0;
    const auto groups = is_convolution && node->hasNamedInput("groups")
                            ? torch::jit::toIValue(node->namedInput("groups"))
                            : std::nullopt;
    if (groups && groups->isInt()) {
      const auto* weight = node->namedInput("weight")->node();
      if (weight->kind() == c10::prim::GetAttr) {
        graph.groups[path_of(weight)] = groups->toInt();
      }
    }
    for (const auto* inner : node->blocks()) read_nodes(inner, graph);
  }
}

TracedGraph graph_of(const Module& script) {
  const auto graph = script.get_method("forward").graph()->copy();
  torch::jit::Inline(*graph);
  TracedGraph result;
  read_nodes(graph->block(), result);
  return result;
}

/// Whether a part of the script was traced: torch.nn's classes that have a
/// mode, or groups, say what they fix unless they were.
bool is_traced(const Module& part) {
  const auto type = python_class_of(part);
  const auto lacks = [&](const char* room, const char* constant) {
    return type.rfind(std::string("torch.nn.modules.") + room, 0) == 0 &&
           !says_constant(part, constant);
  };
  if (lacks("conv.", "groups") || lacks("batchnorm.", "eps") ||
      lacks("instancenorm.", "eps") || lacks("dropout.", "p")) {
    return true;
  }
  for (const auto& child : part.children()) {
    if (is_traced(child)) return true;
  }
  return false;
}

std::string described(const c10::FunctionSchema& schema) {
  std::ostringstream text;
  text << schema;
  return printable(text.str());
}

/// `forward` takes one tensor, and returns one.
void check_forward(const Module& script) {
  const Site site{kImport, ""};
  const auto method = script.find_method("forward");
  const std::string rule = "forward must take one tensor and return one";
  const std::string remedy =
      "in Python, wrap the net in a module whose forward does";
  TORCH_CHECK(method, error_message(site, rule, "no forward", remedy));
  const auto& schema = method->function().getSchema();
  const auto& arguments = schema.arguments();
  const auto is_tensor = [](const c10::TypePtr& type) {
    return type->kind() == c10::TypeKind::TensorType;
  };
  bool fits = arguments.size() >= 2 && is_tensor(arguments[1].type()) &&
              schema.returns().size() == 1 &&
              is_tensor(schema.returns().front().type());
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    fits = fits && arguments[i].default_value().has_value();
  }
  TORCH_CHECK(fits, error_message(site, rule, described(schema), remedy));
}

/// Mirrors the tree of a script; a part that stands at several places is one
/// module here, too.
class Tree {
 public:
  explicit Tree(const TracedGraph& graph) : graph_(graph) {}

  std::shared_ptr<torch::nn::Module> of(const Module& part,
                                        const std::string& path) {
    auto& known = modules_[part._ivalue().get()];
    if (known) return known;
    const auto groups = graph_.groups.find(path);
    known = layer_of_script(part,
                            groups == graph_.groups.end() ? 1 : groups->second);
    if (known) {
      known->train(part.is_training());
      return known;
    }
    auto module = std::make_shared<ScriptPart>(python_class_of(part));
    known = module;
    fill(*module, part, path);
    return module;
  }

  /// Gives the module the tensors and the parts of the script's.
  void fill(torch::nn::Module& module, const Module& part,
            const std::string& path) {
    for (const auto& item : part.named_parameters(/*recurse=*/false)) {
      module.register_parameter(item.name, item.value,
                                item.value.requires_grad());
    }
    for (const auto& item : part.named_buffers(/*recurse=*/false)) {
      module.register_buffer(item.name, item.value);
    }
    for (const auto& child : part.named_children()) {
      const auto inner = path.empty() ? child.name : path + "." + child.name;
      module.register_module(child.name, of(child.value, inner));
    }
  }

 private:
  const TracedGraph& graph_;
  std::map<const void*, std::shared_ptr<torch::nn::Module>> modules_;
};

/// A BatchNorm whose weight is frozen keeps its statistics, too.
void keep_frozen(Module part) {
  const auto type = python_class_of(part);
  if (type.rfind("torch.nn.modules.batchnorm.", 0) == 0 &&
      part.hasattr("weight")) {
    const auto weight = part.attr("weight");
    const bool frozen = weight.isTensor() && weight.toTensor().defined() &&
                        !weight.toTensor().requires_grad();
    if (frozen) part.train(false);
  }
  for (auto child : part.children()) keep_frozen(child);
}

bool has_mode(const Module& part) { return part.hasattr("training"); }

}  // namespace

ImportedScriptImpl::ImportedScriptImpl(std::shared_ptr<Script> script)
    : Module("ImportedScript"), script_(std::move(script)) {
  const auto& module = script_->module;
  const auto graph = graph_of(module);
  if (is_traced(module)) script_->mode_of_trace = graph.of_a_mode;
  Tree(graph).fill(*this, module, "");
  if (!script_->mode_of_trace.empty()) {
    train(false);
  } else if (has_mode(module)) {
    Module::train(module.is_training());
  }
}

ImportedScriptImpl::~ImportedScriptImpl() = default;

at::Tensor ImportedScriptImpl::forward(const at::Tensor& x) {
  return script_->module.forward({x}).toTensor();
}

void ImportedScriptImpl::train(bool on) {
  const auto& fixed = script_->mode_of_trace;
  TORCH_CHECK(
      !on || fixed.empty(),
      error_message(Site{"train", ""}, "a script must follow its mode",
                    "a traced one with " + fixed + ", as it was when traced",
                    "save it with torch.jit.script"));
  script_->module.train(on);
  if (on) keep_frozen(script_->module);
  Module::train(on);
}

ImportedScript import_torchscript(const std::string& path) {
  const MappedFile file(path);
  auto script = std::make_shared<ImportedScriptImpl::Script>();
  script->module = load_torchscript(file);
  check_forward(script->module);
  TORCH_CHECK(
      script->module.parameters().size() > 0,
      error_message(Site{kImport, ""}, "the script must have parameters",
                    "none", "save the module before torch.jit.freeze"));
  return ImportedScript(std::move(script));
}

}  // namespace expandnet
