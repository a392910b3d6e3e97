// process_group.h: the processes that train one model together.
//
// torchrun starts them, or anything else that sets the same environment
// variables:
//
//     torchrun --standalone --nproc-per-node 2 --no-python ./program
//
// They communicate through LibTorch's c10d: Gloo for CPU tensors, NCCL for CUDA
// tensors. Each process also signals every second that it is alive, so that an
// error message can name the rank that failed.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <expandnet/base/export.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace expandnet::distributed {

struct ProcessGroupOptions {
  /// The device that this process trains on. For CUDA the index is ignored: the
  /// device is cuda:LOCAL_RANK, which becomes the current device.
  c10::Device device = c10::kCPU;
  /// How long to wait for the other ranks, at the start and in each collective.
  std::chrono::seconds timeout{600};
};

/// One of `size()` processes, with its connections to the others.
///
/// All functions except the getters and `run` are collectives: every rank must
/// call the same ones in the same order. If another rank has died, hangs or has
/// ended, they throw a `c10::Error` that names it. On CUDA, collectives are
/// asynchronous: a process that is blocked on its device is aborted by NCCL two
/// minutes after the timeout, and the message names no rank. The destructor
/// leaves the group without disturbing the other ranks; rank 0, if it hosts the
/// store, waits for them to end.
///
///     const auto ranks = distributed::ProcessGroup::from_environment();
///     if (ranks) ranks->broadcast(model->parameters());  // null: one process
class EXPANDNET_API ProcessGroup {
 public:
  /// Whether RANK or WORLD_SIZE is set.
  [[nodiscard]] static bool in_environment();

  /// Connects to the other ranks, once per process. Returns null if
  /// `in_environment` is false.
  ///
  /// RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT are required; LOCAL_RANK
  /// defaults to RANK. torchrun sets TORCHELASTIC_USE_AGENT_STORE and
  /// TORCHELASTIC_RESTART_COUNT. As elsewhere in PyTorch, GLOO_SOCKET_IFNAME
  /// names the network interface, or several separated by commas; without it,
  /// Gloo uses the address of the host name.
  ///
  /// From then on the process ignores SIGPIPE, unless it has a handler: when a
  /// rank dies, the others must report an error instead of being killed.
  ///
  /// Throws `c10::Error` for variables that are missing or invalid, before it
  /// connects; for ranks that do not start in time; and if the ranks run on
  /// several machines and one of them gives the others a loopback address.
  [[nodiscard]] static std::unique_ptr<ProcessGroup> from_environment(
      const ProcessGroupOptions& options = {});

  ~ProcessGroup();
  ProcessGroup(const ProcessGroup&) = delete;
  ProcessGroup& operator=(const ProcessGroup&) = delete;

  [[nodiscard]] int rank() const;
  [[nodiscard]] int size() const;
  [[nodiscard]] int local_rank() const;
  [[nodiscard]] bool is_first() const { return rank() == 0; }
  /// The CPU, or cuda:LOCAL_RANK.
  [[nodiscard]] c10::Device device() const;

  /// Replaces the tensor on every rank by the sum over all ranks. Use it for
  /// single tensors, not for gradients: every call compares the layouts first.
  void sum(const at::Tensor& tensor);
  /// Overwrites the tensors of all ranks with those of rank 0. Like `sum`, it
  /// throws `c10::Error` on every rank if the layouts differ.
  void broadcast(const at::Tensor& tensor);
  void broadcast(const std::vector<at::Tensor>& tensors);

  /// Returns rank 0's text, of any length.
  [[nodiscard]] std::string broadcast(const std::string& text);
  /// Returns the texts of all ranks, in the order of ranks.
  [[nodiscard]] std::vector<std::string> gather(const std::string& text);
  /// Returns the tensors of all ranks, in their order, as [size, ...]. All must
  /// have the same layout. Unlike the other functions, this one does not check
  /// it: it is for small tensors that are gathered several times in a step.
  [[nodiscard]] at::Tensor gather(const at::Tensor& tensor);
  /// Returns once every rank has called it.
  void barrier();

  /// Returns whether `mine` is true on any rank.
  [[nodiscard]] bool any(bool mine);
  /// Returns whether `mine` was true on any rank in the previous call; false in
  /// the first call. Non-blocking: the previous call started this reduction,
  /// and the current one starts the next. Use it for questions asked at every
  /// step, such as whether to stop.
  [[nodiscard]] bool any_before(bool mine);

  /// Throws the same `c10::Error` on every rank, naming `what`, unless all
  /// texts are equal.
  void check_same(const std::string& what, const std::string& text);
  /// Throws the same `c10::Error` on every rank, naming the first tensor and
  /// rank that differ, unless the tensors have the same bits on all ranks.
  /// Compares checksums, which are computed on the tensors' device; all tensors
  /// must be on one device.
  void check_identical(const std::vector<std::string>& names,
                       const std::vector<at::Tensor>& tensors);

  /// Runs `action`. An exception that c10d throws in it becomes an error that
  /// names the rank that failed. Use it for collectives that other code starts;
  /// `run` itself is not a collective.
  void run(const std::function<void()>& action);

  struct Impl;
  /// For the library's own collectives.
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  explicit ProcessGroup(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace expandnet::distributed
