#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>
#include <expandnet/deploy/load_weights.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <set>
#include <utility>

#include "base/text.h"
#include "base/weight_paths.h"
#include "fold/site_message.h"
#include "io/wrapper_names.h"

namespace expandnet {

namespace {

std::string lines_of(const std::string& what,
                     const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += what + name + "\n";
  return text;
}

std::string shape_and_dtype(const at::Tensor& tensor) {
  return std::string(c10::toString(tensor.scalar_type())) + " " +
         sizes(tensor.sizes());
}

bool all_finite(const at::Tensor& values) {
  // LibTorch asks floats of 8 bits nothing.
  const auto known =
      values.element_size() == 1 ? values.to(at::kFloat) : values;
  return known.isfinite().all().item<bool>();
}

/// Throws for numbers from which no training can go on, and for those that the
/// cast would change beyond rounding. A mask of the model may hold infinities
/// where the file has the same.
void check_values(const std::string& name, const at::Tensor& target,
                  const at::Tensor& values) {
  const bool has_fractions = values.is_floating_point() || values.is_complex();
  const Site site{"load_weights", name};
  const auto taken = values.to(target.dtype());
  if (has_fractions && !all_finite(values)) {
    TORCH_CHECK(
        taken.to(target.device()).equal(target),
        error_message(site, "weights must be finite numbers", "inf or nan",
                      "go back to a checkpoint before the divergence"));
    return;
  }
  if (target.dtype() == values.dtype()) return;
  const bool fits = target.is_floating_point() || target.is_complex()
                        ? all_finite(taken)
                        : taken.to(values.dtype()).equal(values);
  TORCH_CHECK(
      fits, error_message(site, "the model's dtype must hold the weights",
                          std::string("numbers of ") +
                              c10::toString(values.scalar_type()) + " beyond " +
                              c10::toString(target.scalar_type()),
                          "convert the model to a wider dtype"));
}

/// LibTorch turns the counters of a BatchNorm into floats where `to(dtype)` is
/// called on it: whole numbers are numbers.
bool can_take(const at::Tensor& target, const at::Tensor& values) {
  if (target.sizes() != values.sizes()) return false;
  if (target.is_complex() != values.is_complex()) return false;
  return target.is_floating_point() || !values.is_floating_point() ||
         values.to(target.dtype()).to(values.dtype()).equal(values);
}

std::vector<std::string> names_in(const NamedTensors& tensors) {
  std::vector<std::string> names;
  names.reserve(tensors.size());
  for (const auto& item : tensors) names.push_back(item.first);
  return names;
}

bool any_begins_with(const std::vector<std::string>& names,
                     const std::string& prefix) {
  return std::any_of(names.begin(), names.end(), [&](const auto& name) {
    return name.rfind(prefix, 0) == 0;
  });
}

std::string count_of(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what;
}

/// What is to be copied, and what has no counterpart.
struct Matching {
  LoadReport report;
  std::vector<std::pair<at::Tensor, at::Tensor>> copies;  ///< target, values
};

Matching matching(const torch::nn::Module& model, const Weights& given) {
  std::map<std::string, at::Tensor> targets;
  for (const auto& [name, tensor] : weights_of(model).tensors) {
    targets[name] = tensor;
  }
  Matching result;
  auto& report = result.report;
  std::set<std::string> names;
  const auto weights = with_names_of(model, given);
  for (const auto& [name, values] : weights.tensors) {
    names.insert(name);
    const auto target = targets.find(name);
    if (target == targets.end()) {
      report.unexpected.push_back(name);
    } else if (!can_take(target->second, values)) {
      report.wrong_shape.push_back(name + " " + shape_and_dtype(values) +
                                   ", not " + shape_and_dtype(target->second));
    } else {
      check_values(name, target->second, values);
      result.copies.emplace_back(target->second, values);
    }
  }
  for (const auto& target : targets) {
    const auto& name = target.first;
    if (names.count(name) != 0) continue;
    const auto [path, kind] = split_last(name);
    const bool is_counter = kind == "num_batches_tracked" &&
                            names.count(under(path, "running_mean")) != 0;
    (is_counter ? report.left : report.missing).push_back(name);
  }
  report.loaded = static_cast<std::int64_t>(result.copies.size());
  return result;
}

}  // namespace

Weights weights_of(const torch::nn::Module& model) {
  Weights weights;
  for (const auto& item : model.named_parameters()) {
    weights.tensors.emplace_back(item.key(), item.value());
  }
  for (const auto& item : model.named_buffers()) {
    weights.tensors.emplace_back(item.key(), item.value());
  }
  return weights;
}

Weights with_names_of(const torch::nn::Module& model, Weights weights) {
  const auto own = names_in(weights_of(model).tensors);
  const auto given = names_in(weights.tensors);
  auto lacking = wrapper_of(own);
  if (any_begins_with(given, lacking)) lacking.clear();
  const auto beyond = wrapper_of(given);
  // Below the wrapper that the weights lack there may be one that they have.
  if (!beyond.empty() && !any_begins_with(own, lacking + beyond)) {
    for (auto& item : weights.tensors) item.first.erase(0, beyond.size());
    weights.notes.push_back("names without " + in_quotes(beyond) +
                            ", which the model does not have");
  }
  for (auto& item : weights.tensors) item.first.insert(0, lacking);
  return weights;
}

std::string LoadReport::to_string() const {
  return std::to_string(loaded) + " tensors loaded\n" +
         lines_of("left as it was: ", left) + mismatches();
}

std::string LoadReport::counts() const {
  return count_of(missing.size(), "missing, ") +
         count_of(unexpected.size(), "unexpected and ") +
         count_of(wrong_shape.size(), "of a wrong shape");
}

std::string LoadReport::mismatches() const {
  return lines_of("missing: ", missing) + lines_of("unexpected: ", unexpected) +
         lines_of("wrong shape: ", wrong_shape);
}

std::ostream& operator<<(std::ostream& stream, const LoadReport& report) {
  return stream << report.to_string();
}

LoadReport match_weights(const torch::nn::Module& model,
                         const Weights& weights) {
  return matching(model, weights).report;
}

LoadReport load_weights(torch::nn::Module& model, const Weights& weights,
                        const LoadOptions& options) {
  const auto [report, copies] = matching(model, weights);
  const Site site{"load_weights", ""};
  TORCH_CHECK(
      !options.strict || report.complete(),
      error_message(site, "weights and model must fit together",
                    report.counts(), "load what fits with strict = false"),
      "\n", report.mismatches());
  TORCH_CHECK(!copies.empty(),
              error_message(site, "some of the weights must fit the model",
                            report.counts()));
  const at::NoGradGuard no_grad;
  for (const auto& [target, values] : copies) target.copy_(values);
  return report;
}

}  // namespace expandnet
