#include "deploy/script_layers.h"

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <variant>
#include <vector>

namespace expandnet {

namespace {

using torch::jit::Module;
namespace nn = torch::nn;

/// What Python's __constants__ has become, or an attribute.
std::optional<c10::IValue> fixed_value(const Module& part,
                                       const std::string& name) {
  if (const auto slot = part.type()->findConstantSlot(name)) {
    return part.type()->getConstant(*slot);
  }
  if (part.hasattr(name)) return part.attr(name);
  return std::nullopt;
}

std::vector<std::int64_t> integers(const c10::IValue& value) {
  std::vector<std::int64_t> numbers;
  if (value.isTuple()) {
    for (const auto& item : value.toTupleRef().elements()) {
      numbers.push_back(item.toInt());
    }
  } else if (value.isIntList()) {
    numbers = value.toIntVector();
  }
  return numbers;
}

/// Sides of a kernel; all `otherwise` where the script does not say.
template <std::size_t D>
torch::ExpandingArray<D> sides(const Module& part, const std::string& name,
                               std::int64_t otherwise) {
  torch::ExpandingArray<D> array(otherwise);
  const auto value = fixed_value(part, name);
  const auto numbers = value ? integers(*value) : std::vector<std::int64_t>();
  if (numbers.size() == D) {
    std::copy(numbers.begin(), numbers.end(), array->begin());
  }
  return array;
}

at::Tensor tensor_at(const Module& part, const std::string& name) {
  if (!part.hasattr(name)) return {};
  const auto value = part.attr(name);
  return value.isTensor() ? value.toTensor() : at::Tensor();
}

/// A layer whose parameters are the script's. It is made small, as LibTorch
/// draws values for it, and told its true options then.
template <typename Layer, typename SmallOptions, typename Options>
class Adopted : public Layer {
 public:
  Adopted(const SmallOptions& small, const Options& options,
          const at::Tensor& weight, const at::Tensor& bias)
      : Layer(small) {
    this->options = options;
    this->weight = weight;
    this->bias = bias;
    give("weight", weight);
    if (bias.defined()) give("bias", bias);
  }

 private:
  /// A layer without a bias has an undefined one of that name.
  void give(const std::string& name, const at::Tensor& tensor) {
    if (this->parameters_.contains(name)) {
      this->parameters_[name] = tensor;
    } else {
      this->parameters_.insert(name, tensor);
    }
  }
};

/// The same, with what LibTorch keeps of the padding for modes but zeros.
template <typename Layer, typename SmallOptions, std::size_t D>
class AdoptedConv
    : public Adopted<Layer, SmallOptions, nn::detail::ConvNdOptions<D>> {
 public:
  using Options = nn::detail::ConvNdOptions<D>;
  AdoptedConv(const SmallOptions& small, const Options& options,
              const at::Tensor& weight, const at::Tensor& bias)
      : Adopted<Layer, SmallOptions, Options>(small, options, weight, bias) {
    auto& repeated = this->_reversed_padding_repeated_twice;
    repeated.assign(2 * D, 0);
    const auto* given =
        std::get_if<torch::ExpandingArray<D>>(&options.padding());
    const bool is_same =
        std::holds_alternative<torch::enumtype::kSame>(options.padding());
    for (std::size_t i = 0; i < D; ++i) {
      const auto side = D - 1 - i;  // the last comes first
      const auto all = is_same ? (*options.dilation())[side] *
                                     ((*options.kernel_size())[side] - 1)
                               : 0;
      const auto before = given != nullptr ? (**given)[side] : all / 2;
      repeated[2 * i] = before;
      repeated[2 * i + 1] = given != nullptr ? before : all - before;
    }
  }
};

template <std::size_t D>
void set_padding(const Module& part, nn::detail::ConvNdOptions<D>& options) {
  const auto padding = fixed_value(part, "padding");
  if (padding && padding->isString()) {
    if (padding->toStringRef() == "same") options.padding(torch::kSame);
    if (padding->toStringRef() == "valid") options.padding(torch::kValid);
    return;
  }
  options.padding(sides<D>(part, "padding", 0));
}

template <std::size_t D>
void set_padding_mode(const Module& part,
                      nn::detail::ConvNdOptions<D>& options) {
  const auto mode = fixed_value(part, "padding_mode");
  if (!mode || !mode->isString()) return;
  const auto& name = mode->toStringRef();
  if (name == "reflect") options.padding_mode(torch::kReflect);
  if (name == "replicate") options.padding_mode(torch::kReplicate);
  if (name == "circular") options.padding_mode(torch::kCircular);
}

template <typename Layer, typename SmallOptions, std::size_t D>
std::shared_ptr<nn::Module> convolution(const Module& part,
                                        std::int64_t groups) {
  using Options = nn::detail::ConvNdOptions<D>;
  constexpr bool transposed =
      std::is_same_v<SmallOptions, nn::ConvTransposeOptions<D>>;
  const auto weight = tensor_at(part, "weight");
  if (!weight.defined() || weight.dim() != static_cast<std::int64_t>(D) + 2) {
    return nullptr;
  }
  if (const auto value = fixed_value(part, "groups")) groups = value->toInt();
  // A transposed weight has the inputs first: [in, out / groups, ...].
  const auto in = transposed ? weight.size(0) : weight.size(1) * groups;
  const auto out = transposed ? weight.size(1) * groups : weight.size(0);
  torch::ExpandingArray<D> kernel(1);
  for (std::size_t d = 0; d < D; ++d) {
    (*kernel)[d] = weight.size(static_cast<std::int64_t>(d) + 2);
  }
  const auto bias = tensor_at(part, "bias");
  Options options(in, out, kernel);
  options.groups(groups).bias(bias.defined()).transposed(transposed);
  options.stride(sides<D>(part, "stride", 1));
  options.dilation(sides<D>(part, "dilation", 1));
  options.output_padding(sides<D>(part, "output_padding", 0));
  set_padding(part, options);
  set_padding_mode(part, options);
  auto small = SmallOptions(1, 1, torch::ExpandingArray<D>(1));
  small.bias(false);
  return std::make_shared<AdoptedConv<Layer, SmallOptions, D>>(small, options,
                                                               weight, bias);
}

std::shared_ptr<nn::Module> linear(const Module& part) {
  const auto weight = tensor_at(part, "weight");
  if (!weight.defined() || weight.dim() != 2) return nullptr;
  const auto bias = tensor_at(part, "bias");
  auto options = nn::LinearOptions(weight.size(1), weight.size(0));
  options.bias(bias.defined());
  using Layer = Adopted<nn::LinearImpl, nn::LinearOptions, nn::LinearOptions>;
  return std::make_shared<Layer>(nn::LinearOptions(1, 1).bias(false), options,
                                 weight, bias);
}

}  // namespace

std::string python_class_of(const Module& part) {
  const auto name = part.type()->name();
  if (!name) return "";
  std::string path;
  for (const auto& atom : name->atoms()) {
    if (atom == "__torch__" || atom.rfind("___torch_mangle", 0) == 0) continue;
    path += (path.empty() ? "" : ".") + atom;
  }
  return path;
}

bool says_constant(const Module& part, const std::string& name) {
  return fixed_value(part, name).has_value();
}

bool is_layer_of_its_own(const Module& part) {
  const auto weight = tensor_at(part, "weight");
  if (!weight.defined() || weight.dim() < 2) return false;
  const auto type = python_class_of(part);
  const auto is_of = [&](const char* room) { return type.rfind(room, 0) == 0; };
  return !is_of("torch.") || is_of("torch.nn.modules.conv.") ||
         is_of("torch.nn.modules.linear.");
}

std::shared_ptr<nn::Module> layer_of_script(const Module& part,
                                            std::int64_t groups) {
  const auto type = python_class_of(part);
  const std::string conv = "torch.nn.modules.conv.";
  const auto of_torch = [&](const char* name) { return type == conv + name; };
  if (of_torch("Conv1d")) {
    return convolution<nn::Conv1dImpl, nn::Conv1dOptions, 1>(part, groups);
  }
  if (of_torch("Conv2d")) {
    return convolution<nn::Conv2dImpl, nn::Conv2dOptions, 2>(part, groups);
  }
  if (of_torch("Conv3d")) {
    return convolution<nn::Conv3dImpl, nn::Conv3dOptions, 3>(part, groups);
  }
  if (of_torch("ConvTranspose1d")) {
    return convolution<nn::ConvTranspose1dImpl, nn::ConvTranspose1dOptions, 1>(
        part, groups);
  }
  if (of_torch("ConvTranspose2d")) {
    return convolution<nn::ConvTranspose2dImpl, nn::ConvTranspose2dOptions, 2>(
        part, groups);
  }
  if (of_torch("ConvTranspose3d")) {
    return convolution<nn::ConvTranspose3dImpl, nn::ConvTranspose3dOptions, 3>(
        part, groups);
  }
  if (type == "torch.nn.modules.linear.Linear") return linear(part);
  return nullptr;
}

}  // namespace expandnet
