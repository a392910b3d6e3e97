// expanded_layer.h: the common base of all expanded modules.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/nn/chain.h>
#include <torch/nn/cloneable.h>

#include <iosfwd>
#include <string>
#include <vector>

namespace expandnet {

/// A layer that owns a chain until it is contracted, and from then on a plain
/// `weight` and `bias`. Passes find the expanded layers of a model by this
/// class; users use ExpandedConv2d, ExpandedLinear and their siblings.
class EXPANDNET_API ExpandedLayer {
 public:
  virtual ~ExpandedLayer() = default;

  [[nodiscard]] const CompactLayer& layer() const { return plan_.layer; }
  /// The plan that was asked for; `chain->plan()` may be narrower.
  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] const ExpansionOptions& expansion() const { return expansion_; }
  [[nodiscard]] bool is_contracted() const { return contracted_; }
  /// Whether it is a nonlinear twin: one with an activation between the
  /// factors.
  [[nodiscard]] bool is_twin() const;

  /// Sets kFolded or kChained for the following calls of forward. Throws
  /// `c10::Error` for kFolded on a twin.
  void set_execution(Execution execution);

  /// The compact layer's weight and bias: the fold in fp64, cast once to
  /// `chain->dtype()`. For a contracted layer, its own weight and bias.
  [[nodiscard]] Affine contracted() const;

  /// Replaces the chain by `weight` and `bias` in place: the module object, and
  /// every pointer to it, stays valid. `expandnet::contract(model)` does this
  /// for a whole model and verifies it. Does nothing for a contracted layer.
  /// Throws `c10::Error` for a twin.
  void contract();
  /// Does the same with values that `contracted()` returned.
  void contract(const Affine& compact);
  /// Gives a contracted layer without a bias the bias `values` [out]; keeps the
  /// tensor.
  void add_bias(const torch::Tensor& values);

  /// Spatial sizes of the last input, for which multiply-adds are counted;
  /// empty before the first input and for linear layers.
  [[nodiscard]] const std::vector<std::int64_t>& input_size() const {
    return input_size_;
  }
  /// Number of samples in the last input; for a linear layer, number of rows.
  [[nodiscard]] std::int64_t batch() const { return batch_; }
  /// Whether the layer has run yet.
  [[nodiscard]] bool has_run() const { return has_run_; }

  /// This layer as a module.
  [[nodiscard]] virtual torch::nn::Module& module() = 0;
  [[nodiscard]] virtual const torch::nn::Module& module() const = 0;

  Chain chain{nullptr};  ///< null once contracted
  torch::Tensor weight;  ///< undefined until contracted; LibTorch's shape
  torch::Tensor bias;    ///< [out]; undefined also when the layer has none

 protected:
  ExpandedLayer(const CompactLayer& layer, const ExpansionOptions& expansion,
                std::string name);

  void register_state();
  void reset_values();
  void print(std::ostream& stream) const;
  [[nodiscard]] torch::Tensor run(
      const torch::Tensor& input,
      const std::optional<at::IntArrayRef>& output_size = std::nullopt);
  void check_archive(torch::serialize::InputArchive& archive) const;

 private:
  Plan plan_;
  ExpansionOptions expansion_;
  std::string name_;
  bool contracted_ = false;
  bool has_run_ = false;
  std::vector<std::int64_t> input_size_;
  std::int64_t batch_ = 0;
};

/// Joins an expanded layer to LibTorch's module of type `Derived`.
template <typename Derived>
class EXPANDNET_API ExpandedLayerImpl : public torch::nn::Cloneable<Derived>,
                                        public ExpandedLayer {
 public:
  void reset() override { register_state(); }
  /// Draws new initial values of the factors or, after contraction, of the
  /// weight.
  void reset_parameters() { reset_values(); }
  void pretty_print(std::ostream& stream) const override { print(stream); }
  void load(torch::serialize::InputArchive& archive) override {
    check_archive(archive);
    torch::nn::Module::load(archive);
  }

  [[nodiscard]] torch::nn::Module& module() override { return *this; }
  [[nodiscard]] const torch::nn::Module& module() const override {
    return *this;
  }

 protected:
  ExpandedLayerImpl(const CompactLayer& layer,
                    const ExpansionOptions& expansion, std::string name)
      : ExpandedLayer(layer, expansion, std::move(name)) {
    // Bound here: the overriders of ExpandedLayer are those of this class.
    ExpandedLayerImpl::reset();
  }
};

}  // namespace expandnet
