#include "trainers/app/runs/int8.h"

#include <expandnet/deploy/fake_int8.h>
#include <expandnet/train/evaluate.h>

#include <algorithm>
#include <cstdint>

namespace expandnet::examples {

namespace {

/// Enough for ranges that hardly grow any more.
constexpr std::int64_t kBatchesObserved = 8;

}  // namespace

tasks::Metrics evaluate_int8(const train::Model& model,
                             const at::Tensor& example, Int8Choice choice,
                             data::BatchSource& training,
                             data::BatchSource& test, tasks::Meter& meter) {
  const train::ModeGuard evaluation(model.module, /*training=*/false);
  FakeInt8 int8(*model.module, model.forward, example,
                choice == Int8Choice::kTensor ? Int8Steps::kPerTensor
                                              : Int8Steps::kPerChannel);
  training.start_epoch(0);
  for (std::int64_t i = 0; i < std::min(kBatchesObserved, training.size());
       ++i) {
    const auto batch = training.batch(i);
    if (batch.images.size(0) > 0) int8.observe(batch.images);
  }
  const train::Model rounded = {
      model.module,
      [&int8](const torch::Tensor& images) { return int8.forward(images); }};
  return train::evaluate(rounded, test, meter);
}

}  // namespace expandnet::examples
