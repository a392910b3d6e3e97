// gradient_reducer.h: gradients averaged over processes, during backward.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>
#include <expandnet/distributed/process_group.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace expandnet::distributed {

/// Averages the gradients of parameters over all ranks, in buckets: each bucket
/// is sent while the backward pass still computes the others. This is c10d's
/// reducer, which Python's DistributedDataParallel also uses.
///
/// In weight space pass the model's parameters: then only the gradients of the
/// compact network are sent, and all ranks pull back the same gradients.
///
///     distributed::GradientReducer reducer(names, model->parameters(),
///                                          *ranks);
///     for (auto& batch : *loader) {
///       expansion.zero_grad();
///       auto loss = loss_of(batch);
///       reducer.average([&] { loss.backward(); });
///       expansion.step(optimizer);
///     }
class EXPANDNET_API GradientReducer {
 public:
  /// `parameters` are leaves that record gradients, `names` identify them in
  /// messages; `ranks` must outlive the reducer. Throws `c10::Error` on every
  /// rank unless all ranks have the same parameters.
  GradientReducer(const std::vector<std::string>& names,
                  const std::vector<at::Tensor>& parameters,
                  ProcessGroup& ranks,
                  std::int64_t bucket_bytes = std::int64_t{25} << 20);
  ~GradientReducer();
  GradientReducer(const GradientReducer&) = delete;
  GradientReducer& operator=(const GradientReducer&) = delete;

  /// Runs `backward`, one backward pass. Afterwards each gradient is its mean
  /// over the ranks, including what earlier passes outside of this call have
  /// accumulated.
  ///
  /// Throws `c10::Error` if a rank has died or hangs, naming it, and if a
  /// parameter got no gradient in this pass.
  void average(const std::function<void()>& backward);

  /// Starts again with the current parameters. Call it on every rank after
  /// loading parameters, which replaces their memory without the reducer's
  /// knowledge.
  void reset();

  /// Bytes that each rank contributes to one average.
  [[nodiscard]] std::int64_t bytes_per_step() const { return bytes_; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  ProcessGroup& ranks_;
  std::int64_t bytes_ = 0;
};

}  // namespace expandnet::distributed
