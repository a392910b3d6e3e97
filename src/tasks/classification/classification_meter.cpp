#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/zeros.h>
#include <expandnet/tasks/classification/classification_meter.h>

namespace expandnet::tasks {

namespace {

/// Places in the sums.
constexpr std::int64_t kLoss = 0;
constexpr std::int64_t kCorrect = 1;
constexpr std::int64_t kAmongFive = 2;
constexpr std::int64_t kImages = 3;

}  // namespace

const std::vector<Metric>& classification_metrics() {
  static const std::vector<Metric> metrics = {{"accuracy", "accuracy"},
                                              {"top5", "top-5"}};
  return metrics;
}

ClassificationMeter::ClassificationMeter(c10::Device device)
    : Meter(classification_metrics(),
            at::zeros({4}, at::TensorOptions(at::kDouble).device(device))) {}

at::Tensor ClassificationMeter::loss(const data::Tensors& output,
                                     const data::Tensors& targets) const {
  return at::cross_entropy_loss(output, targets);
}

void ClassificationMeter::add(const at::Tensor& loss,
                              const data::Tensors& output,
                              const data::Tensors& targets) {
  const at::NoGradGuard no_grad;
  const auto& logits = output.one();
  const auto& labels = targets.one();
  const auto count = labels.size(0);
  const auto correct = logits.argmax(1).eq(labels).sum();
  // As large as the label's own, that one too.
  const auto place = logits.ge(logits.gather(1, labels.unsqueeze(1))).sum(1);
  const auto among_five = place.ge(1).logical_and_(place.le(5)).sum();
  // In place: a captured step adds to the same memory at every replay.
  sums().select(0, kLoss).add_(loss.detach().to(at::kDouble), count);
  sums().select(0, kCorrect).add_(correct);
  sums().select(0, kAmongFive).add_(among_five);
  sums().select(0, kImages).add_(count);
}

Metrics ClassificationMeter::result() const {
  const auto on_cpu = sums().to(at::kCPU);
  const auto* sum = on_cpu.const_data_ptr<double>();
  return {{"loss", sum[kLoss] / sum[kImages]},
          {"accuracy", sum[kCorrect] / sum[kImages]},
          {"top5", sum[kAmongFive] / sum[kImages]}};
}

}  // namespace expandnet::tasks
