#include "deploy/foreign/block_reader.h"

#include <ATen/TensorOperators.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <utility>

#include "base/table.h"
#include "base/weight_paths.h"
#include "fold/site_message.h"

namespace expandnet {

BlockReader::BlockReader(const Keys& keys, std::string path,
                         ReadSubject subject, Site site)
    : keys_(keys),
      path_(std::move(path)),
      subject_(std::move(subject)),
      site_(std::move(site)) {}

bool BlockReader::has(const std::string& name) const {
  return keys_.has_path(under(path_, name));
}

const at::Tensor& BlockReader::found(const std::string& name) const {
  const auto full = under(path_, name);
  TORCH_CHECK(
      keys_.has(full),
      error_message(site_, subject_.name + " must be whole",
                    "no " + in_quotes(name),
                    "read all files of the net, or leave " + subject_.way_out));
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
  auto exact = values.detach().to(at::kCPU, at::kDouble);
  TORCH_CHECK(exact.isfinite().all().item<bool>(),
              error_message(site_, subject_.name + " must hold finite numbers",
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

BlockFactor BlockReader::conv(const std::string& name, std::int64_t groups,
                              ConvBias has_bias) {
  const auto weight = tensor(under(name, "weight"), 4);
  const auto bias_name = under(name, "bias");
  const bool is_biased = has_bias == ConvBias::kPresent ||
                         (has_bias == ConvBias::kOptional && has(bias_name));
  const auto bias = is_biased ? tensor(bias_name, 1) : at::Tensor();
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
  return norm_of(name, /*is_affine=*/true);
}

BlockFactor BlockReader::plain_norm(const std::string& name) {
  return norm_of(name, /*is_affine=*/false);
}

BlockFactor BlockReader::norm_of(const std::string& name, bool is_affine) {
  FixedBatchNorm norm;
  norm.epsilon = subject_.epsilon;
  norm.mean = tensor(under(name, "running_mean"), 1);
  norm.variance = tensor(under(name, "running_var"), 1);
  if (is_affine) {
    norm.weight = tensor(under(name, "weight"), 1);
    norm.bias = tensor(under(name, "bias"), 1);
  }
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
  TORCH_CHECK(
      least >= 0 && least + norm.epsilon > 0,
      error_message(site_,
                    "variance + eps must be positive, and no variance "
                    "negative",
                    scientific(least) + " + " + scientific(norm.epsilon) +
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
    TORCH_CHECK(
        beside,
        error_message(site_, subject_.name + " must have no keys of others",
                      quoted_name(name),
                      "fold it with the code of its own system, or "
                      "leave " +
                          subject_.way_out));
  }
}

}  // namespace expandnet
