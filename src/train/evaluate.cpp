#include <ATen/core/grad_mode.h>
#include <expandnet/train/evaluate.h>

namespace expandnet::train {

tasks::Metrics evaluate(const Model& model, data::BatchSource& batches,
                        tasks::Meter& meter, Precision precision,
                        distributed::Ranks* ranks) {
  const at::NoGradGuard no_grad;
  const ModeGuard mode(model.module, /*training=*/false);
  meter.reset();
  batches.start_epoch(0);
  for (std::int64_t i = 0; i < batches.size(); ++i) {
    const auto [images, labels] = batches.batch(i);
    const Autocast autocast(meter.device(), precision);
    const auto output = model.forward(images);
    meter.add(meter.loss(output, labels), output, labels);
  }
  if (ranks != nullptr) ranks->sum(meter.sums());
  return meter.result();
}

}  // namespace expandnet::train
