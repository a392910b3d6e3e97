#include "nn/saved_factors.h"

#include <c10/util/Exception.h>

#include "base/weight_paths.h"
#include "fold/site_message.h"

namespace expandnet {

void check_saved_factors(const Plan& plan,
                         torch::serialize::InputArchive& archive,
                         const std::string& path) {
  for (std::size_t i = 0; i < plan.factors.size(); ++i) {
    const auto index = std::to_string(i);
    torch::serialize::InputArchive factor;
    at::Tensor weight;
    const bool is_there =
        archive.try_read(index, factor) &&
        factor.try_read("weight", weight, /*is_buffer=*/plan.factors[i].fixed);
    TORCH_CHECK(is_there && weight.sizes() == plan.weight_sizes(i),
                error_message(Site{"load", under(under(path, index), "weight")},
                              "a factor must be " + sizes(plan.weight_sizes(i)),
                              is_there ? sizes(weight.sizes()) : "none",
                              "expand the model as the saved one was"));
  }
}

}  // namespace expandnet
