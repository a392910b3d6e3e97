// process_group_impl.h: the implementation of ProcessGroup.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/distributed/process_group.h>

#include <cstdint>
#include <exception>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include "distributed/rank_environment.h"
#include "distributed/roll_call.h"

namespace expandnet::distributed {

struct ProcessGroup::Impl {
  Impl(const RankEnvironment& environment, const ProcessGroupOptions& options);
  /// Tells the other ranks that this one ends, and closes the connections.
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// Returns the backend for the device of this tensor.
  [[nodiscard]] c10d::Backend& carrier_of(const at::Tensor& tensor) const;
  /// Returns the tensors of all ranks; they must have one layout.
  [[nodiscard]] std::vector<at::Tensor> gather(const at::Tensor& tensor) const;
  /// Starts to add up a CPU tensor over all ranks.
  [[nodiscard]] c10::intrusive_ptr<c10d::Work> start_sum(
      const at::Tensor& tensor) const;
  [[noreturn]] void fail(const std::exception& error);

  RankEnvironment where;
  ProcessGroupOptions options;
  RollCall roll_call;
  /// Has the Gloo backend, and NCCL on CUDA.
  c10::intrusive_ptr<c10d::ProcessGroup> group;
  /// Operand and handle of the pending reduction of any_before().
  at::Tensor answer;
  c10::intrusive_ptr<c10d::Work> travelling;
  bool failed = false;
  /// Number at construction; a higher one at destruction means that this rank
  /// fails.
  int exceptions = std::uncaught_exceptions();
};

/// Returns dtype and sizes: "Float [2, 3]".
[[nodiscard]] std::string layout_of(const at::Tensor& tensor);
/// Returns names, dtypes and sizes: "weight Float [2, 3], bias Float [2]".
[[nodiscard]] std::string layout_of(const std::vector<std::string>& names,
                                    const std::vector<at::Tensor>& tensors);

}  // namespace expandnet::distributed
