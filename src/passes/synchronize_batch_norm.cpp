#include <c10/util/Exception.h>
#include <expandnet/passes/synchronize_batch_norm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/instancenorm.h>

#include <map>
#include <memory>
#include <string>
#include <typeinfo>

#include "base/weight_paths.h"
#include "fold/site_message.h"
#include "passes/walk.h"

namespace expandnet {

namespace {

template <typename... Classes>
bool is_one_of(const torch::nn::Module& module) {
  return ((dynamic_cast<const Classes*>(&module) != nullptr) || ...);
}

/// Whether it normalizes by the statistics of a batch.
bool is_batch_norm(const torch::nn::Module& module) {
  if (is_one_of<torch::nn::InstanceNorm1dImpl, torch::nn::InstanceNorm2dImpl,
                torch::nn::InstanceNorm3dImpl>(module)) {
    return false;
  }
  return is_one_of<torch::nn::BatchNorm1dImpl, torch::nn::BatchNorm2dImpl,
                   torch::nn::BatchNorm3dImpl>(module) ||
         module.named_buffers(/*recurse=*/false).contains("running_mean");
}

/// A norm that may be synchronized, and as what it stands in a Sequential.
struct SyncNorm {
  std::shared_ptr<torch::nn::Module> module;
  torch::nn::AnyModule any;
};

template <typename Norm, typename Holder>
bool replace_as(torch::nn::Module& module, SyncNorm& result) {
  if (typeid(module) != typeid(Norm)) return false;
  auto& norm = dynamic_cast<Norm&>(module);
  Holder holder(norm.options);
  static_cast<Norm&>(*holder) = norm;  // shares its tensors
  result = {holder.ptr(), torch::nn::AnyModule(holder)};
  return true;
}

/// Null unless the module is exactly one of LibTorch's BatchNorms.
SyncNorm replacement_of(torch::nn::Module& module) {
  SyncNorm result;
  static_cast<void>(
      replace_as<torch::nn::BatchNorm1dImpl, SyncBatchNorm1d>(module, result) ||
      replace_as<torch::nn::BatchNorm2dImpl, SyncBatchNorm2d>(module, result) ||
      replace_as<torch::nn::BatchNorm3dImpl, SyncBatchNorm3d>(module, result));
  return result;
}

/// The BatchNorms of a model: those that can be synchronized as they are, and
/// those that have to be replaced.
class NormFinder {
 public:
  explicit NormFinder(torch::nn::Module& model) {
    take(model, "", /*sequential=*/nullptr, 0);
    walk(model, [this](const std::string& path, torch::nn::Module& parent) {
      auto* sequential = dynamic_cast<torch::nn::SequentialImpl*>(&parent);
      std::size_t index = 0;
      for (const auto& child : parent.named_children()) {
        take(*child.value(), under(path, child.key()), sequential, index++);
      }
    });
  }

  /// Puts the new norms in their places; returns all.
  [[nodiscard]] const std::map<const torch::nn::Module*, SyncBatchNorm*>&
  replace() {
    for (auto& [sequential, index, norm] : places_) {
      const auto& [module, any] = replacements_.at(norm);
      const auto name = sequential->named_children().keys()[index];
      sequential->replace_module(name, module);
      *(sequential->begin() + static_cast<std::ptrdiff_t>(index)) = any;
    }
    return norms_;
  }

 private:
  struct Place {
    torch::nn::SequentialImpl* sequential;
    std::size_t index;
    const torch::nn::Module* norm;
  };

  void take(torch::nn::Module& module, const std::string& path,
            torch::nn::SequentialImpl* sequential, std::size_t index) {
    if (!is_batch_norm(module)) return;
    if (auto* norm = dynamic_cast<SyncBatchNorm*>(&module)) {
      norms_[&module] = norm;
      return;
    }
    if (sequential != nullptr && replacements_.count(&module) == 0) {
      auto replacement = replacement_of(module);
      if (replacement.module) {
        norms_[&module] =
            dynamic_cast<SyncBatchNorm*>(replacement.module.get());
        replacements_[&module] = std::move(replacement);
      }
    }
    TORCH_CHECK(
        sequential != nullptr && replacements_.count(&module) != 0,
        error_message(Site{"synchronize_batch_norm", path},
                      "a BatchNorm must be an expandnet::SyncBatchNorm or "
                      "LibTorch's in a Sequential",
                      module.name(),
                      "declare it as an expandnet::SyncBatchNorm, or train "
                      "without synchronization"));
    places_.push_back({sequential, index, &module});
  }

  std::map<const torch::nn::Module*, SyncBatchNorm*> norms_;
  std::map<const torch::nn::Module*, SyncNorm> replacements_;
  std::vector<Place> places_;
};

}  // namespace

std::size_t synchronize_batch_norm(torch::nn::Module& model,
                                   const GatherRows& gather) {
  NormFinder finder(model);
  const auto& norms = finder.replace();
  for (const auto& [module, norm] : norms) norm->synchronize(gather);
  return norms.size();
}

}  // namespace expandnet
