#include <c10/util/Exception.h>
#include <expandnet/deploy/imported_script.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "base/mapped_file.h"
#include "base/text.h"
#include "deploy/script_layers.h"
#include "deploy/script_of.h"
#include "fold/site_message.h"
#include "io/pytorch/torchscript_file.h"
#include "nn/frozen_norm.h"

namespace expandnet {

namespace {

using torch::jit::Module;

constexpr const char* kImport = "import_torchscript";

/// The inputs by which operators know the mode.
constexpr std::array<const char*, 3> kModeInputs = {"training", "train",
                                                    "use_input_stats"};

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

/// Groups of the convolutions of a traced module, by their paths.
using Groups = std::map<std::string, std::int64_t>;

/// Calls `visit` for each node of the block and of the blocks in it.
template <typename Visit>
void visit_nodes(const torch::jit::Block* block, const Visit& visit) {
  for (const auto* node : block->nodes()) {
    visit(*node);
    for (const auto* inner : node->blocks()) visit_nodes(inner, visit);
  }
}

/// The value of an input that the graph fixes; nothing for others.
std::optional<c10::IValue> fixed_input(const torch::jit::Node& node,
                                       const std::string& name) {
  if (node.maybeSchema() == nullptr || !node.hasNamedInput(name)) {
    return std::nullopt;
  }
  return torch::jit::toIValue(node.namedInput(name));
}

Groups groups_in(const Module& script) {
  const auto graph = script.get_method("forward").graph()->copy();
  torch::jit::Inline(*graph);
  Groups groups;
  visit_nodes(graph->block(), [&](const torch::jit::Node& node) {
    const std::string kind = node.kind().toQualString();
    const bool is_convolution =
        kind == "aten::_convolution" || kind.rfind("aten::conv", 0) == 0;
    if (!is_convolution) return;
    const auto value = fixed_input(node, "groups");
    if (!value || !value->isInt()) return;
    const auto* weight = node.namedInput("weight")->node();
    if (weight->kind() == c10::prim::GetAttr) {
      groups[path_of(weight)] = value->toInt();
    }
  });
  return groups;
}

/// Whether the node does another thing in training mode, and its graph fixes
/// which: without a probability or statistics there is nothing to fix.
bool fixes_mode(const torch::jit::Node& node) {
  const auto is_fixed = [&](const char* name) {
    return fixed_input(node, name).has_value();
  };
  if (std::none_of(kModeInputs.begin(), kModeInputs.end(), is_fixed)) {
    return false;
  }
  for (const auto* name : {"p", "dropout"}) {
    const auto share = fixed_input(node, name);
    if (share && share->isDouble() && share->toDouble() == 0) return false;
  }
  const auto statistics = fixed_input(node, "running_mean");
  return !(statistics && statistics->isNone());
}

/// Whether the code of a part reads its mode, as only a script's does.
bool reads_mode(const Module& part) {
  bool reads = false;
  for (const auto& method : part.get_methods()) {
    visit_nodes(method.graph()->block(), [&](const torch::jit::Node& node) {
      reads = reads || (node.kind() == c10::prim::GetAttr &&
                        node.s(c10::attr::name) == "training");
    });
  }
  return reads;
}

/// What tracing leaves of a part: no value but tensors, parts and the mode, and
/// code that does not read the mode.
bool is_bare(const Module& part) {
  const auto type = part.type();
  if (type->numConstants() > 0 || reads_mode(part)) return false;
  for (std::size_t i = 0; i < type->numAttributes(); ++i) {
    const auto& name = type->getAttributeName(i);
    const bool stays = type->is_parameter(i) || type->is_buffer(i) ||
                       type->getAttribute(i)->is_module() ||
                       name == "training" || name == "_is_full_backward_hook";
    if (!stays) return false;
  }
  return true;
}

/// Whether it is a part of torch.nn that a script would give constants.
bool lacks_constants(const Module& part) {
  const auto type = python_class_of(part);
  const auto lacks = [&](const char* room, const char* constant) {
    return type.rfind(std::string("torch.nn.modules.") + room, 0) == 0 &&
           !says_constant(part, constant);
  };
  return lacks("conv.", "groups") || lacks("linear.Linear", "in_features") ||
         lacks("batchnorm.", "eps") || lacks("instancenorm.", "eps") ||
         lacks("dropout.", "p");
}

/// Whether the part itself was traced. A bare one is unless parts of it show
/// that it was scripted: traced parts of it tell more than scripted ones, which
/// a traced part may hold.
bool is_traced(const Module& part) {
  if (!is_bare(part)) return false;
  bool all_bare = true;
  for (const auto& inner : part.modules()) {
    if (lacks_constants(inner)) return true;
    all_bare = all_bare && is_bare(inner);
  }
  return all_bare;
}

/// An operator whose mode was fixed by tracing; "" for none.
std::string mode_of_trace(const Module& script) {
  std::string operator_name;
  for (const auto& part : script.modules()) {
    if (!is_traced(part)) continue;
    for (const auto& method : part.get_methods()) {
      visit_nodes(method.graph()->block(), [&](const torch::jit::Node& node) {
        if (fixes_mode(node)) operator_name = node.kind().toQualString();
      });
    }
  }
  return operator_name;
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
  explicit Tree(const Module& script) : groups_(groups_in(script)) {}

  /// Lines on layers whose class is none of torch.nn's.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

  std::shared_ptr<torch::nn::Module> of(const Module& part,
                                        const std::string& path) {
    auto& known = modules_[part._ivalue().get()];
    if (known) return known;
    const auto groups = groups_.find(path);
    known = layer_of_script(part, groups == groups_.end() ? 1 : groups->second);
    if (known) {
      known->train(part.is_training());
      return known;
    }
    auto module = std::make_shared<ScriptPart>(python_class_of(part));
    known = module;
    if (is_layer_of_its_own(part)) {
      notes_.push_back(in_quotes(path) + " stays compact: its class " +
                       printable(python_class_of(part)) +
                       " is none of torch.nn's layers");
    }
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
  Groups groups_;
  std::map<const void*, std::shared_ptr<torch::nn::Module>> modules_;
  std::vector<std::string> notes_;
};

/// A norm whose weight is frozen keeps its statistics, too. `own` mirrors the
/// part.
void keep_frozen(Module part, const torch::nn::Module& own) {
  if (is_frozen_norm(own)) part.train(false);
  const auto mirrored = own.named_children();
  for (const auto& child : part.named_children()) {
    const auto* own_child = mirrored.find(child.name);
    if (own_child != nullptr) keep_frozen(child.value, **own_child);
  }
}

bool has_mode(const Module& part) { return part.hasattr("training"); }

}  // namespace

ImportedScriptImpl::ImportedScriptImpl(std::shared_ptr<Script> script)
    : Module("ImportedScript"), script_(std::move(script)) {
  const auto& module = script_->module;
  script_->mode_of_trace = mode_of_trace(module);
  Tree tree(module);
  tree.fill(*this, module, "");
  notes_ = tree.notes();
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
  if (on) keep_frozen(script_->module, *this);
  Module::train(on);
}

ImportedScript import_torchscript(const std::string& path) {
  const MappedFile file(path);
  auto script = std::make_shared<ImportedScriptImpl::Script>();
  script->module = load_torchscript(file);
  check_forward(script->module);
  TORCH_CHECK(script->module.parameters().size() > 0,
              error_message(Site{kImport, ""},
                            "the script must have parameters", "none",
                            "save the module before torch.jit.freeze or "
                            "optimize_for_inference"));
  return ImportedScript(std::move(script));
}

}  // namespace expandnet
