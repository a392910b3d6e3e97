#include "benchmarks/step/cases.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <c10/util/Exception.h>
#include <torch/utils.h>

#include "base/error.h"
#include "benchmarks/step/product_time.h"
#include "measuring/device.h"
#include "measuring/timing.h"

namespace expandnet::examples::bench {

namespace {

at::MemoryFormat memory_format(Layout layout) {
  return layout == Layout::kChannelsLast ? at::MemoryFormat::ChannelsLast
                                         : at::MemoryFormat::Contiguous;
}

/// Chains beside a net may be narrow; modules are as wide as they are asked to
/// be.
Selector selector_for(const Net& net, bool narrow) {
  return
      [net, narrow](const std::string& path, const torch::nn::Module& layer) {
        auto options = net.selector(path, layer);
        if (options) options->narrow(narrow);
        return options;
      };
}

/// Gives the parameters of `model` the values that `source` has by their keys.
void copy_values(const torch::OrderedDict<std::string, torch::Tensor>& source,
                 torch::nn::Module& model) {
  const torch::NoGradGuard no_grad;
  for (auto& entry : model.named_parameters()) {
    entry.value().copy_(source[entry.key()]);
  }
}

}  // namespace

Prepared prepare(const Setup& setup, Way way) {
  const auto& net = find_net(setup.net);
  const auto size = setup.image_size > 0 ? setup.image_size : net.image_size;
  torch::manual_seed(setup.seed);

  Prepared result;
  result.images = torch::randn({setup.batch, 3, size, size})
                      .to(setup.device)
                      .contiguous(memory_format(setup.layout));
  std::vector<std::int64_t> labelled = {setup.batch};
  if (net.stride > 0) labelled.insert(labelled.end(), 2, size / net.stride);
  result.labels =
      torch::randint(net.classes, labelled, torch::kLong).to(setup.device);
  result.model = net.compact(size);
  result.model.module->to(setup.device);
  train::set_memory_format(*result.model.module, memory_format(setup.layout));
  result.expansion =
      expand(*result.model.module,
             selector_for(net, setup.narrow && way == Way::kWeightSpace));
  if (way == Way::kWeightSpace) return result;

  if (way == Way::kFolded || way == Way::kChained) {
    const auto values = result.expansion->named_parameters();
    result.expansion.reset();
    result.model = net.expanded(
        size, way == Way::kFolded ? Execution::kFolded : Execution::kChained);
    result.model.module->to(setup.device);
    copy_values(values, *result.model.module);
  }
  result.expansion.reset();  // the compact net keeps the folded weights
  return result;
}

torch::optim::SGDOptions sgd_options() {
  return torch::optim::SGDOptions(/*lr=*/0.01).momentum(0.9);
}

std::int64_t factor_bytes(const Setup& setup) {
  std::int64_t bytes = 0;
  const auto prepared = prepare(setup, Way::kWeightSpace);
  for (const auto& item : prepared.expansion->named_parameters()) {
    const bool is_factor = item.key().find(".chain.") != std::string::npos;
    if (is_factor) bytes += static_cast<std::int64_t>(item.value().nbytes());
  }
  return bytes;
}

double counted_cost(const Setup& setup) {
  auto prepared = prepare(setup, Way::kWeightSpace);
  const torch::NoGradGuard no_grad;
  prepared.model.module->eval();
  prepared.expansion->observe([&] {
    // What is counted is proportional to the batch.
    static_cast<void>(prepared.model.forward(prepared.images.narrow(0, 0, 1)));
  });
  const auto total = prepared.expansion->summary().total();
  return *total.cost() / static_cast<double>(setup.batch);
}

Training::Training(const Setup& setup, Way way)
    : setup_(setup), prepared_(prepare(setup, way)) {
  auto* expansion =
      prepared_.expansion.has_value() ? &*prepared_.expansion : nullptr;
  optimizer_ = std::make_unique<train::SGD>(
      expansion != nullptr ? expansion->parameters()
                           : prepared_.model.module->parameters(),
      sgd_options());
  train::StepOptions options;
  options.capture = setup_.mode == Mode::kGraph;
  options.overlap = setup_.overlap;
  step_ = std::make_unique<train::Step>(
      [this](const torch::Tensor& images, const torch::Tensor& labels) {
        return loss(images, labels);
      },
      *optimizer_, expansion, options);
}

torch::Tensor Training::loss(const torch::Tensor& images,
                             const torch::Tensor& labels) {
  const train::Autocast autocast(setup_.device, setup_.precision);
  return at::cross_entropy_loss(prepared_.model.forward(images), labels);
}

double Training::current_loss() {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(setup_.seed);  // of dropout
  return loss(prepared_.images, prepared_.labels).item<double>();
}

void Training::step() { (*step_)(prepared_.images, prepared_.labels); }

Training::Parts Training::step_in_parts() {
  auto& expansion = *prepared_.expansion;
  expansion.zero_grad();
  loss(prepared_.images, prepared_.labels).backward();
  const auto timed = [&](const auto& part) {
    return milliseconds(part, setup_.device);
  };
  Parts parts{};
  parts.pull_back = timed([&] { expansion.pull_back(); });
  parts.update = timed([&] { optimizer_->step(); });
  parts.fold = timed([&] { expansion.fold(); });
  return parts;
}

double Training::step_for_products() {
  auto& expansion = *prepared_.expansion;
  expansion.zero_grad();
  loss(prepared_.images, prepared_.labels).backward();
  const ProductTime products;
  expansion.pull_back();
  optimizer_->step();
  expansion.fold();
  return products.milliseconds();
}

void Training::check_mode() const {
  TORCH_CHECK(
      setup_.mode == Mode::kEager || step_->is_captured(),
      error_message("expandnet-bench",
                    c10::str("the step of ", setup_.net, " must be captured"),
                    c10::str("an eager one: ", step_->reason())));
}

Inference::Inference(const Setup& setup, Way way)
    : setup_(setup), prepared_(prepare(setup, way)) {
  prepared_.model.module->eval();
}

void Inference::run() {
  const torch::NoGradGuard no_grad;
  const train::Autocast autocast(setup_.device, setup_.precision);
  prepared_.model.forward(prepared_.images);
}

}  // namespace expandnet::examples::bench
