#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <expandnet/train/score.h>

namespace expandnet::train {

ScoreSum::ScoreSum(c10::Device device)
    : sums_(at::zeros({4}, at::TensorOptions(at::kDouble).device(device))) {}

void ScoreSum::reset() { sums_.zero_(); }

void ScoreSum::add(const at::Tensor& loss, const at::Tensor& logits,
                   const at::Tensor& labels) {
  const at::NoGradGuard no_grad;
  const auto count = labels.size(0);
  const auto correct = logits.argmax(1).eq(labels).sum();
  // As large as the label's own, that one too; of equals, none is preferred.
  const auto place = logits.ge(logits.gather(1, labels.unsqueeze(1))).sum(1);
  const auto among_five = place.ge(1).logical_and_(place.le(5)).sum();
  // In place: a captured step adds to the same memory at every replay.
  sums_.select(0, 0).add_(loss.detach().to(at::kDouble), count);
  sums_.select(0, 1).add_(correct);
  sums_.select(0, 2).add_(among_five);
  sums_.select(0, 3).add_(count);
}

Score ScoreSum::mean() const {
  const auto sums = sums_.to(at::kCPU);
  const auto* sum = sums.const_data_ptr<double>();
  return {sum[0] / sum[3], sum[1] / sum[3], sum[2] / sum[3]};
}

void ScoreSum::set_sums(const at::Tensor& sums) {
  const at::NoGradGuard no_grad;
  sums_.copy_(sums);
}

void ScoreSum::sum_over(Ranks& ranks) { ranks.sum(sums_); }

Score evaluate(const Model& model, data::BatchSource& batches,
               c10::Device device, Precision precision, Ranks* ranks) {
  const at::NoGradGuard no_grad;
  const ModeGuard mode(model.module, /*training=*/false);
  ScoreSum sum(device);
  batches.start_epoch(0);
  for (std::int64_t i = 0; i < batches.size(); ++i) {
    const auto [images, labels] = batches.batch(i);
    const Autocast autocast(device, precision);
    const auto logits = model.forward(images);
    sum.add(at::cross_entropy_loss(logits, labels), logits, labels);
  }
  if (ranks != nullptr) sum.sum_over(*ranks);
  return sum.mean();
}

}  // namespace expandnet::train
