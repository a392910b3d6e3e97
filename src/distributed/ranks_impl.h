// ranks_impl.h: what a Ranks is made of.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/distributed/ranks.h>

#include <cstdint>
#include <exception>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include "distributed/rank_environment.h"
#include "distributed/roll_call.h"

namespace expandnet::distributed {

struct Ranks::Impl {
  Impl(const RankEnvironment& environment, const RanksOptions& options);
  /// Leaves the others.
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// The backend that carries this tensor.
  [[nodiscard]] c10d::Backend& carrier_of(const at::Tensor& tensor) const;
  /// `carrier`'s tensors of all ranks; they must have one layout.
  [[nodiscard]] std::vector<at::Tensor> gather(const at::Tensor& tensor) const;
  /// Starts to add up a tensor on the CPU.
  [[nodiscard]] c10::intrusive_ptr<c10d::Work> start_sum(
      const at::Tensor& tensor) const;
  [[noreturn]] void fail(const std::exception& error);

  RankEnvironment where;
  RanksOptions options;
  RollCall roll_call;
  /// Gloo, and NCCL on CUDA.
  c10::intrusive_ptr<c10d::ProcessGroup> group;
  /// The answer that travels, and its vehicle.
  at::Tensor answer;
  c10::intrusive_ptr<c10d::Work> travelling;
  bool failed = false;
  /// At the start; more of them at the end mean that this rank fails.
  int exceptions = std::uncaught_exceptions();
};

/// "Float [2, 3]".
[[nodiscard]] std::string layout_of(const at::Tensor& tensor);
/// "weight Float [2, 3], bias Float [2]".
[[nodiscard]] std::string layout_of(const std::vector<std::string>& names,
                                    const std::vector<at::Tensor>& tensors);

}  // namespace expandnet::distributed
