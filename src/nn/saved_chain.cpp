#include "nn/saved_chain.h"

#include <c10/util/Exception.h>

#include "base/weight_paths.h"
#include "fold/chain_layout.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

constexpr const char* kRemedy = "expand the model as the saved one was";

void check_layout(const Plan& plan, torch::serialize::InputArchive& archive,
                  const std::string& path) {
  const auto layout = layout_of(plan);
  for (const auto& [name, part] : kLayoutParts) {
    at::Tensor saved;
    const bool is_there = archive.try_read(name, saved, /*is_buffer=*/true);
    TORCH_CHECK(is_there
                    ? !plan.is_plain() && saved.to(at::kCPU).equal(
                                              (layout.*part).to(saved.dtype()))
                    : plan.is_plain(),
                error_message(Site{"load", path},
                              "a chain must have the branches of the saved one",
                              is_there ? "others" : "a single chain", kRemedy));
  }
}

}  // namespace

void check_saved_chain(const Plan& plan,
                       torch::serialize::InputArchive& archive,
                       const std::string& path) {
  check_layout(plan, archive, path);
  for (std::size_t i = 0; i < plan.factors.size(); ++i) {
    const auto index = std::to_string(i);
    torch::serialize::InputArchive factor;
    at::Tensor weight;
    const bool is_there =
        archive.try_read(index, factor) &&
        factor.try_read("weight", weight, /*is_buffer=*/plan.factors[i].fixed);
    TORCH_CHECK(
        is_there && weight.sizes() == plan.weight_sizes(i),
        error_message(Site{"load", under(under(path, index), "weight")},
                      "a factor must be " + sizes(plan.weight_sizes(i)),
                      is_there ? sizes(weight.sizes()) : "none", kRemedy));
  }
}

}  // namespace expandnet
