#include <ATen/core/grad_mode.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/aminmax.h>
#include <ATen/ops/round.h>
#include <ATen/ops/where.h>
#include <c10/util/Exception.h>
#include <expandnet/deploy/fake_int8.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/frozen_conv_folding.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/error.h"

namespace expandnet {

namespace {

using torch::jit::Graph, torch::jit::GraphExecutor, torch::jit::Node,
    torch::jit::Value;
using Forward = std::function<at::Tensor(const at::Tensor&)>;

constexpr const char* kFakeInt8 = "FakeInt8";
constexpr double kLargestWeight = 127;
constexpr std::int64_t kLargestInput = 255;

}  // namespace

/// Where a layer has its input and its weight.
struct Int8Layer {
  Node* node;
  std::size_t input;
  Node* holder;  ///< the node itself, or the one that transposes the weight
  std::size_t weight;
  /// Of a transposed convolution, whose weight is [in, out / groups, ...]; 0:
  /// the weight is [out, ...].
  std::int64_t transposed_groups = 0;
};

/// Smallest and largest value, 0 among them.
struct Int8Range {
  double low = 0;
  double high = 0;

  [[nodiscard]] double step() const {
    return high > low ? (high - low) / static_cast<double>(kLargestInput) : 1;
  }
  [[nodiscard]] std::int64_t zero() const {
    return std::clamp<std::int64_t>(std::llrint(-low / step()), 0,
                                    kLargestInput);
  }
};

namespace {

/// While it lasts, no parameter asks for a gradient: those that do cannot be
/// constants of a trace.
class WithoutGradients {
 public:
  explicit WithoutGradients(torch::nn::Module& module) {
    for (auto& parameter : module.parameters()) {
      if (!parameter.requires_grad()) continue;
      parameter.set_requires_grad(false);
      parameters_.push_back(parameter);
    }
  }
  ~WithoutGradients() {
    for (auto& parameter : parameters_) parameter.set_requires_grad(true);
  }
  WithoutGradients(const WithoutGradients&) = delete;
  WithoutGradients& operator=(const WithoutGradients&) = delete;

 private:
  std::vector<at::Tensor> parameters_;
};

/// Gives the graph tensors of its own in place of the model's.
void copy_constants(Graph& graph) {
  for (auto* node : graph.nodes()) {
    const auto value = c10::attr::value;
    if (node->kind() != c10::prim::Constant || !node->hasAttribute(value) ||
        node->kindOf(value) != torch::jit::AttributeKind::t) {
      continue;
    }
    node->t_(value, node->t(value).detach().clone());
  }
}

/// The graph of a model, its weights as constants.
std::shared_ptr<Graph> trace(torch::nn::Module& module, const Forward& forward,
                             const at::Tensor& example) {
  for (const auto& part : module.modules()) {
    TORCH_CHECK(!part->is_training(),
                error_message(kFakeInt8, "the model must be in evaluation mode",
                              "training mode", "call eval() on it"));
  }
  const WithoutGradients without(module);
  const at::NoGradGuard no_grad;
  const auto traced = torch::jit::tracer::trace(
      {example},
      [&](torch::jit::Stack inputs) -> torch::jit::Stack {
        return {forward(inputs.at(0).toTensor())};
      },
      [](const at::Tensor&) { return std::string(); }, /*strict=*/true,
      /*force_outplace=*/true);
  auto graph = traced.first->graph;
  copy_constants(*graph);
  torch::jit::FoldFrozenConvBatchnorm(graph);
  torch::jit::EliminateDeadCode(graph);
  return graph;
}

std::size_t place_of(const Node& node, const char* name) {
  const auto place = node.schema().argumentIndexWithName(name);
  TORCH_INTERNAL_ASSERT(place.has_value());
  return static_cast<std::size_t>(*place);
}

/// The groups of a transposed convolution; 0 for other layers.
std::int64_t transposed_groups(const Node& node) {
  const auto value = [&](const char* name) {
    return torch::jit::toIValue(node.input(place_of(node, name)));
  };
  const std::string kind = node.kind().toQualString();
  const bool by_name = kind.rfind("aten::conv_transpose", 0) == 0;
  if (!by_name && !node.schema().argumentIndexWithName("transposed")) return 0;
  if (!by_name && !value("transposed").value_or(false).toBool()) return 0;
  return value("groups").value_or(1).toInt();
}

/// LibTorch's linear layers are products with a weight that is transposed.
std::optional<Int8Layer> transposed_product(Node* node, const char* input,
                                            const char* weight) {
  auto* holder = node->input(place_of(*node, weight))->node();
  if (holder->kind() != c10::aten::t) return std::nullopt;
  if (!torch::jit::toIValue(holder->input(0))) return std::nullopt;
  return Int8Layer{node, place_of(*node, input), holder, 0};
}

std::optional<Int8Layer> layer_of(Node* node) {
  const auto kind = node->kind();
  if (kind == c10::aten::addmm) {
    return transposed_product(node, "mat1", "mat2");
  }
  if (kind == c10::aten::matmul) {
    return transposed_product(node, "self", "other");
  }
  const bool is_layer =
      kind == c10::aten::_convolution || kind == c10::aten::convolution ||
      kind == c10::aten::conv1d || kind == c10::aten::conv2d ||
      kind == c10::aten::conv3d || kind == c10::aten::conv_transpose1d ||
      kind == c10::aten::conv_transpose2d ||
      kind == c10::aten::conv_transpose3d || kind == c10::aten::linear;
  if (!is_layer) return std::nullopt;
  return Int8Layer{node, 0, node, place_of(*node, "weight"),
                   transposed_groups(*node)};
}

}  // namespace

at::Tensor round_to_int8(const at::Tensor& weight, Int8Steps steps) {
  auto largest = weight.abs();
  if (steps == Int8Steps::kPerTensor || weight.dim() < 2) {
    largest = largest.amax();
  } else {
    std::vector<std::int64_t> others;
    for (std::int64_t i = 1; i < weight.dim(); ++i) others.push_back(i);
    largest = largest.amax(others, /*keepdim=*/true);
  }
  const auto step = at::where(largest > 0, largest / kLargestWeight, 1)
                        .to(weight.scalar_type());
  // Times the inverse, as the kernels of LibTorch do.
  return (weight * step.reciprocal())
             .round()
             .clamp(-kLargestWeight, kLargestWeight) *
         step;
}

namespace {

/// A transposed convolution's weight is rounded as [out, in / groups, ...].
at::Tensor rounded_weight(const Int8Layer& layer, const at::Tensor& weight,
                          Int8Steps steps) {
  const auto groups = layer.transposed_groups;
  if (groups == 0) return round_to_int8(weight, steps);
  const auto by_group =
      weight.reshape({groups, weight.size(0) / groups, weight.size(1), -1});
  const auto by_output = by_group.transpose(1, 2).contiguous();
  const auto rounded =
      round_to_int8(by_output.flatten(0, 1), steps).view_as(by_output);
  return rounded.transpose(1, 2).reshape(weight.sizes());
}

}  // namespace

struct FakeInt8::Impl {
  std::shared_ptr<Graph> graph;
  std::vector<Int8Layer> layers;
  std::vector<Value*> inputs;     ///< of the layers, each once
  std::vector<Int8Range> ranges;  ///< of the inputs
  bool observed = false;
  std::unique_ptr<GraphExecutor> observer;
  std::unique_ptr<GraphExecutor> rounded;

  void find_layers() {
    for (auto* node : graph->nodes()) {
      if (const auto layer = layer_of(node)) layers.push_back(*layer);
    }
    TORCH_CHECK(
        !layers.empty(),
        error_message(kFakeInt8, "there must be a convolution or linear layer",
                      "none"));
    for (const auto& layer : layers) {
      auto* input = layer.node->input(layer.input);
      if (std::find(inputs.begin(), inputs.end(), input) == inputs.end()) {
        inputs.push_back(input);
      }
    }
    ranges.resize(inputs.size());
  }

  void round_weights(Int8Steps steps) {
    for (const auto& layer : layers) {
      const auto weight =
          torch::jit::toIValue(layer.holder->input(layer.weight));
      TORCH_CHECK(
          weight.has_value() && weight->isTensor(),
          error_message(kFakeInt8, "a layer must have its own weight",
                        "one that is computed", "contract the model before"));
      const torch::jit::WithInsertPoint before(layer.holder);
      layer.holder->replaceInput(
          layer.weight, graph->insertConstant(
                            rounded_weight(layer, weight->toTensor(), steps)));
    }
  }

  /// The graph with all inputs of layers as outputs, too.
  void make_observer() {
    for (auto* input : inputs) graph->registerOutput(input);
    observer =
        std::make_unique<GraphExecutor>(graph->copy(), "fake_int8_observer");
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      graph->eraseOutput(graph->outputs().size() - 1);
    }
  }

  void make_rounded() {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      for (const auto& layer : layers) {
        if (layer.node->input(layer.input) != inputs[i]) continue;
        const torch::jit::WithInsertPoint before(layer.node);
        layer.node->replaceInput(
            layer.input,
            graph->insert(c10::Symbol::fromQualString(
                              "aten::fake_quantize_per_tensor_affine"),
                          {inputs[i], ranges[i].step(), ranges[i].zero(),
                           std::int64_t{0}, kLargestInput}));
      }
    }
    rounded = std::make_unique<GraphExecutor>(graph, "fake_int8");
  }
};

FakeInt8::FakeInt8(torch::nn::Module& module, const Forward& forward,
                   const at::Tensor& example, Int8Steps steps)
    : impl_(std::make_unique<Impl>()) {
  impl_->graph = trace(module, forward, example);
  impl_->find_layers();
  impl_->make_observer();
  impl_->round_weights(steps);
}

FakeInt8::~FakeInt8() = default;
FakeInt8::FakeInt8(FakeInt8&&) noexcept = default;
FakeInt8& FakeInt8::operator=(FakeInt8&&) noexcept = default;

std::size_t FakeInt8::size() const { return impl_->layers.size(); }

void FakeInt8::observe(const at::Tensor& images) {
  TORCH_CHECK(impl_->observer != nullptr,
              error_message(kFakeInt8,
                            "batches are observed before the first "
                            "forward",
                            "one after it"));
  const at::NoGradGuard no_grad;
  torch::jit::Stack stack = {images};
  impl_->observer->run(stack);
  for (std::size_t i = 0; i < impl_->inputs.size(); ++i) {
    const auto [low, high] =
        at::aminmax(stack.at(i + 1).toTensor().to(at::kDouble));
    auto& range = impl_->ranges[i];
    range.low = std::min(range.low, low.item<double>());
    range.high = std::max(range.high, high.item<double>());
    TORCH_CHECK(std::isfinite(range.low) && std::isfinite(range.high),
                error_message(kFakeInt8, "inputs of layers must be finite",
                              "inf or nan"));
  }
  impl_->observed = true;
}

at::Tensor FakeInt8::forward(const at::Tensor& images) {
  TORCH_CHECK(impl_->observed,
              error_message(kFakeInt8, "the ranges of the inputs must be known",
                            "no batch", "observe() some before"));
  if (impl_->rounded == nullptr) {
    impl_->observer.reset();
    impl_->make_rounded();
  }
  const at::NoGradGuard no_grad;
  torch::jit::Stack stack = {images};
  impl_->rounded->run(stack);
  return stack.at(0).toTensor();
}

}  // namespace expandnet
