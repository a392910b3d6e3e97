#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <expandnet/train/evaluate.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"

namespace expandnet::train {

namespace {

/// Makes the meter of each rank hold what all have counted.
void gather(tasks::Meter& meter, distributed::ProcessGroup& ranks) {
  ranks.sum(meter.sums());
  const auto own = meter.rows();
  if (!own.defined()) return;
  const auto columns = own.size(1);
  const auto doubles = own.contiguous();
  const auto of_all = ranks.gather(std::string(
      static_cast<const char*>(doubles.const_data_ptr()), doubles.nbytes()));
  std::string bytes;
  for (const auto& of_rank : of_all) bytes += of_rank;
  const auto row_bytes = static_cast<std::size_t>(columns) * own.element_size();
  const auto count = static_cast<std::int64_t>(bytes.size() / row_bytes);
  meter.set_rows(
      at::from_blob(bytes.data(), {count, columns}, own.options()).clone());
}

}  // namespace

tasks::Metrics evaluate(const Model& model, data::BatchSource& batches,
                        tasks::Meter& meter, Precision precision,
                        distributed::ProcessGroup* ranks) {
  const at::NoGradGuard no_grad;
  const ModeGuard mode(model.module, /*training=*/false);
  meter.reset();
  batches.start_epoch(0);
  std::int64_t read = 0;
  for (std::int64_t i = 0; i < batches.size(); ++i) {
    const auto [images, targets] = batches.batch(i);
    if (images.size(0) == 0) continue;
    ++read;
    const Autocast autocast(meter.device(), precision);
    const auto output = model.forward(images);
    meter.add(meter.loss(output, targets), output, targets);
  }
  if (ranks != nullptr) gather(meter, *ranks);
  if (ranks == nullptr && read == 0 && batches.size() > 0) {
    throw_file_error("evaluate", "a set must have an image that can be read",
                     "none in " + std::to_string(batches.size()) + " batches",
                     "replace the damaged files");
  }
  return meter.result();
}

}  // namespace expandnet::train
