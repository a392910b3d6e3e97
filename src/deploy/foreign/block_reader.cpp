#include "deploy/foreign/block_reader.h"

#include <ATen/TensorOperators.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <utility>

#include "base/table.h"
#include "base/weight_paths.h"
#include "fold/site_message.h"

namespace expandnet {

BlockReader::BlockReader(const Keys& keys, std::string path, std::string owner,
                         double epsilon, Site site)
    : keys_(keys),
      path_(std::move(path)),
      owner_(std::move(owner)),
      epsilon_(epsilon),
      site_(std::move(site)) {}

bool BlockReader::has(const std::string& name) const {
  return keys_.has_path(under(path_, name));
}

const at::Tensor& BlockReader::found(const std::string& name) const {
  const auto full = under(path_, name);
  TORCH_CHECK(
      keys_.has(full),
      error_message(site_, owner_ + " must be whole", "no " + in_quotes(name),
                    "read all files of the net, or leave blocks as "
                    "they are with --system none"));
  return keys_.at(full);
}

at::Tensor BlockReader::tensor(const std::string& name, std::int64_t dims) {
  const auto& values = found(name);
  TORCH_CHECK(
      values.dim() == dims && values.numel() > 0 && values.is_floating_point(),
      error_message(site_,
                    in_quotes(name) + " must have " + std::to_string(dims) +
                        (dims == 1 ? " dimension" : " dimensions") +
                        " of floating point",
                    std::string(c10::toString(values.scalar_type())) + " " +
                        sizes(values.sizes()),
                    "fold it with the code of its own system"));
  const auto exact = values.detach().to(at::kCPU, at::kDouble);
  TORCH_CHECK(exact.isfinite().all().item<bool>(),
              error_message(site_, owner_ + " must hold finite numbers",
                            "inf or nan in " + in_quotes(name),
                            "go back to a checkpoint before the divergence"));
  used_.insert(under(path_, name));
  const auto dtype = values.scalar_type();
  const bool known =
      std::find(dtypes_.begin(), dtypes_.end(), dtype) != dtypes_.end();
  if (dims > 1 && !known) dtypes_.push_back(dtype);
  return exact;
}

std::int64_t BlockReader::size(const std::string& name,
                               std::int64_t dim) const {
  const auto& values = found(name);
  TORCH_CHECK(dim < values.dim(),
              error_message(site_,
                            in_quotes(name) + " must have more than " +
                                std::to_string(dim) + " dimensions",
                            sizes(values.sizes()),
                            "fold it with the code of its own system"));
  return values.size(dim);
}

BlockFactor BlockReader::conv(const std::string& name, std::int64_t groups) {
  const auto weight = tensor(under(name, "weight"), 4);
  const auto bias_name = under(name, "bias");
  const auto bias = has(bias_name) ? tensor(bias_name, 1) : at::Tensor();
  TORCH_CHECK(groups > 0 && weight.size(0) % groups == 0 &&
                  (!bias.defined() || bias.size(0) == weight.size(0)),
              error_message(site_,
                            in_quotes(name) + " must be a convolution of " +
                                std::to_string(groups) + " groups",
                            sizes(weight.sizes()) +
                                (bias.defined() ? " and " + sizes(bias.sizes())
                                                : std::string()),
                            "fold it with the code of its own system"));
  return kernel_factor(weight, bias, groups);
}

BlockFactor BlockReader::norm(const std::string& name) {
  FixedBatchNorm norm;
  norm.epsilon = epsilon_;
  norm.mean = tensor(under(name, "running_mean"), 1);
  norm.variance = tensor(under(name, "running_var"), 1);
  const auto part = [&](const char* kind) {
    const auto full = under(name, kind);
    return has(full) ? tensor(full, 1) : at::Tensor();
  };
  norm.weight = part("weight");
  norm.bias = part("bias");
  const auto channels = norm.mean.sizes();
  for (const auto* values : {&norm.variance, &norm.weight, &norm.bias}) {
    TORCH_CHECK(
        !values->defined() || values->sizes() == channels,
        error_message(site_,
                      in_quotes(name) + " must have a number of each "
                                        "kind for each channel",
                      sizes(values->sizes()) + " for " + sizes(channels),
                      "the file may be damaged"));
  }
  const auto least = norm.variance.min().item<double>();
  TORCH_CHECK(least >= 0 && least + epsilon_ > 0,
              error_message(site_,
                            "variance + eps must be positive, and no variance "
                            "negative",
                            scientific(least) + " + " + scientific(epsilon_) +
                                " in " + in_quotes(name),
                            "go back to a checkpoint before the divergence"));
  const auto counter = under(path_, under(name, "num_batches_tracked"));
  if (keys_.has(counter)) used_.insert(counter);
  return norm_factor(norm);
}

BlockBranch BlockReader::conv_norm(const std::string& conv_name,
                                   const std::string& norm_name,
                                   std::int64_t groups) {
  return {conv(conv_name, groups), norm(norm_name)};
}

BlockBranch BlockReader::conv_bn(const std::string& name, std::int64_t groups) {
  return conv_norm(under(name, "conv"), under(name, "bn"), groups);
}

void BlockReader::finish(const std::vector<std::string>& companions) const {
  for (const auto& full : keys_.within(path_)) {
    if (used_.count(full) != 0) continue;
    const auto name = path_.empty() ? full : full.substr(path_.size() + 1);
    const auto first = name.substr(0, name.find('.'));
    const bool beside = std::find(companions.begin(), companions.end(),
                                  first) != companions.end();
    TORCH_CHECK(beside,
                error_message(site_, owner_ + " must have no keys of others",
                              quoted_name(name),
                              "fold it with the code of its own system, or "
                              "leave blocks as they are with --system none"));
  }
}

}  // namespace expandnet
