// ranks.h: the processes that train one model together.
//
// torchrun starts them, or whatever else sets the variables it sets:
//
//     torchrun --standalone --nproc-per-node 2 --no-python ./program
//
// They talk through LibTorch's c10d: Gloo for tensors on the CPU, NCCL for
// those on CUDA. Each also tells the others, every second, that it is alive;
// so whatever fails says which rank it failed for.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace expandnet::distributed {

struct RanksOptions {
  /// What this process trains on. For CUDA, whatever the index:
  /// cuda:LOCAL_RANK, which becomes the current device.
  c10::Device device = c10::kCPU;
  /// How long to wait for the other ranks, at the start and in each collective.
  std::chrono::seconds timeout{600};
};

/// One of `size()` processes, with its connections to the others.
///
/// All but the getters are collectives: every rank has to call the same ones in
/// the same order. Where another rank has died, hangs or has ended, they throw
/// a `c10::Error` that names it. (On CUDA collectives are queued: a process
/// that waits for its device meanwhile is ended by NCCL, two minutes after the
/// timeout and without a name.) A Ranks that goes leaves the others in peace;
/// rank 0, where it holds the store, stays until they have ended, too.
///
///     const auto ranks = distributed::Ranks::from_environment();  // null:
///     alone if (ranks) ranks->broadcast(model->parameters());
class Ranks {
 public:
  /// Whether RANK or WORLD_SIZE is set.
  [[nodiscard]] static bool in_environment();

  /// Connects with the other ranks, once in a process; returns null where there
  /// are none.
  ///
  /// RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT are needed; LOCAL_RANK is
  /// RANK unless set; TORCHELASTIC_USE_AGENT_STORE and
  /// TORCHELASTIC_RESTART_COUNT are torchrun's, and GLOO_SOCKET_IFNAME names
  /// the network interface, or several separated by commas, as elsewhere in
  /// PyTorch. Without it Gloo takes the address of the host name.
  ///
  /// From then on the process ignores SIGPIPE, unless it handles it: the death
  /// of a rank is to be an error in the others.
  ///
  /// Throws `c10::Error` for variables that are missing or make no sense,
  /// before it connects, for ranks that do not come in time, and for ranks on
  /// several machines of which one gives the others a loopback address.
  [[nodiscard]] static std::unique_ptr<Ranks> from_environment(
      const RanksOptions& options = {});

  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  [[nodiscard]] int rank() const;
  [[nodiscard]] int size() const;
  [[nodiscard]] int local_rank() const;
  [[nodiscard]] bool is_first() const { return rank() == 0; }
  /// The CPU, or cuda:LOCAL_RANK.
  [[nodiscard]] c10::Device device() const;

  /// Adds up the tensors of all ranks, into each of them. For single tensors,
  /// not for gradients: every call compares the layouts first.
  void sum(const at::Tensor& tensor);
  /// Overwrites the tensors of all ranks with those of rank 0.
  /// Both throw `c10::Error`, on every rank, where the layouts differ.
  void broadcast(const at::Tensor& tensor);
  void broadcast(const std::vector<at::Tensor>& tensors);

  /// Returns rank 0's text, of any length.
  [[nodiscard]] std::string broadcast(const std::string& text);
  /// Returns the texts of all ranks, in their order.
  [[nodiscard]] std::vector<std::string> gather(const std::string& text);
  /// Returns the tensors of all ranks, in their order, as [size, ...]. They
  /// must have one layout, which is not compared as in the others: it is for
  /// small tensors, several times in a step, whose layout the model gives.
  [[nodiscard]] at::Tensor gather(const at::Tensor& tensor);
  /// Returns once every rank has called it.
  void barrier();

  /// Whether `mine` is true on any rank.
  [[nodiscard]] bool any(bool mine);
  /// Whether `mine` was true on any rank in the call before this one; false in
  /// the first. Nobody waits: the answer has travelled since. For questions
  /// asked at each step, such as whether to stop.
  [[nodiscard]] bool any_before(bool mine);

  /// Throws the same `c10::Error` on every rank, naming `what`, if the texts
  /// are not all equal.
  void check_same(const std::string& what, const std::string& text);
  /// Throws the same `c10::Error` on every rank, naming the first tensor and
  /// rank, if the tensors have not the same bits everywhere. Compares sums of
  /// the bits, made on the tensors' device, which must be one.
  void check_identical(const std::vector<std::string>& names,
                       const std::vector<at::Tensor>& tensors);

  /// Runs `action`; what c10d throws in it becomes an error that names the rank
  /// which is to blame. For collectives that others start. It is no collective.
  void run(const std::function<void()>& action);

  struct Impl;
  /// What the library's own collectives need.
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  explicit Ranks(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace expandnet::distributed
