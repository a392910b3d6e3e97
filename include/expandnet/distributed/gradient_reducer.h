// gradient_reducer.h: gradients averaged over processes, during backward.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/distributed/ranks.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace expandnet::distributed {

/// Averages the gradients of parameters over all ranks: in buckets, each sent
/// while the backward pass still works on the others. It is c10d's reducer, the
/// one in Python's DistributedDataParallel.
///
/// In weight space give it the model's parameters: the gradients that travel
/// are those of the compact network, and all ranks pull back the same.
///
///     distributed::GradientReducer reducer(names, model->parameters(),
///     *ranks); for (auto& batch : *loader) {
///       expansion.zero_grad();
///       auto loss = loss_of(batch);
///       reducer.average([&] { loss.backward(); });
///       expansion.step(optimizer);
///     }
class GradientReducer {
 public:
  /// `parameters` are leaves that record gradients, with `names` for messages;
  /// `ranks` must outlive this. Throws `c10::Error`, on every rank, if not all
  /// have the same parameters.
  GradientReducer(const std::vector<std::string>& names,
                  const std::vector<at::Tensor>& parameters, Ranks& ranks,
                  std::int64_t bucket_bytes = std::int64_t{25} << 20);
  ~GradientReducer();
  GradientReducer(const GradientReducer&) = delete;
  GradientReducer& operator=(const GradientReducer&) = delete;

  /// Runs `backward`, a backward pass; then the gradients are their mean over
  /// the ranks, with what passes outside of this call have accumulated.
  ///
  /// Throws `c10::Error` where a rank has died or hangs, naming it, and where a
  /// parameter got no gradient in this pass.
  void average(const std::function<void()>& backward);

  /// Begins anew with the parameters as they are: call it on every rank after
  /// they were loaded, which exchanges their memory under the reducer.
  void reset();

  /// What each rank contributes to one average.
  [[nodiscard]] std::int64_t bytes_per_step() const { return bytes_; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  Ranks& ranks_;
  std::int64_t bytes_ = 0;
};

}  // namespace expandnet::distributed
