#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <expandnet/tasks/detection/region_loss_meter.h>

#include <utility>

namespace expandnet::tasks {

namespace {

/// Places in the sums; the terms come between.
constexpr std::int64_t kTotalSum = 0;
constexpr std::int64_t kTermImages = 5;

const std::vector<Metric>& region_terms() {
  static const std::vector<Metric> terms = {
      {"coordinates", "coordinates", /*share=*/false},
      {"object", "object", /*share=*/false},
      {"no_object", "no object", /*share=*/false},
      {"classes", "classes", /*share=*/false}};
  return terms;
}

}  // namespace

RegionLossMeter::RegionLossMeter(RegionLossOf loss_of, c10::Device device)
    : Meter(region_terms(),
            at::zeros({kTermImages + 1},
                      at::TensorOptions(at::kDouble).device(device))),
      loss_of_(std::move(loss_of)) {}

at::Tensor RegionLossMeter::loss(const data::Tensors& output,
                                 const data::Tensors& targets) const {
  return loss_of_(output, targets).total;
}

void RegionLossMeter::add(const at::Tensor& loss, const data::Tensors& output,
                          const data::Tensors& targets) {
  const at::NoGradGuard no_grad;
  const auto count = targets.all().at(0).size(0);
  const auto terms = loss_of_(output, targets);
  // In place: a captured step adds to the same memory at every replay.
  auto place = kTotalSum;
  for (const auto& term : {loss.detach(), terms.coordinates, terms.object,
                           terms.no_object, terms.classes}) {
    sums().select(0, place++).add_(term.to(at::kDouble), count);
  }
  sums().select(0, kTermImages).add_(count);
}

Metrics RegionLossMeter::result() const {
  const auto on_cpu = sums().to(at::kCPU);
  const auto* sum = on_cpu.const_data_ptr<double>();
  Metrics result = {{"loss", sum[kTotalSum] / sum[kTermImages]}};
  std::int64_t place = kTotalSum;
  for (const auto& term : metrics()) {
    result.set(term.name, sum[++place] / sum[kTermImages]);
  }
  return result;
}

}  // namespace expandnet::tasks
