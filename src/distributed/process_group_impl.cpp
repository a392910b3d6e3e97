#include "distributed/process_group_impl.h"

#include <ATen/ops/empty_like.h>
#include <c10/util/Exception.h>

#include <sstream>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <utility>

#include "base/error.h"
#include "base/libtorch_errors.h"
#include "distributed/backends.h"
#include "distributed/call_with_timeout.h"

namespace expandnet::distributed {

namespace {

using Group = c10d::ProcessGroup;

/// How long connections may take to close: those of a rank that hangs do not.
constexpr std::chrono::milliseconds kClose(2000);
/// How long rank 0 keeps the store for others after a failure.
constexpr std::chrono::milliseconds kFarewell(10000);

c10::Device device_of(const RankEnvironment& where, c10::Device device) {
  if (!device.is_cuda()) return device;
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(where.local_rank)};
}

c10::intrusive_ptr<Group> make_group(const RankEnvironment& where,
                                     const ProcessGroupOptions& options,
                                     const RollCall& roll_call) {
  const auto part = [&](const char* name) {
    return c10::make_intrusive<c10d::PrefixStore>(name, roll_call.connect());
  };
  auto group =
      c10::make_intrusive<Group>(part("group"), where.rank, where.size);
  group->setDefaultBackend(Group::GLOO);
  group->setBackend(c10::kCPU, Group::GLOO,
                    make_gloo(part("gloo"), where.rank, where.size,
                              options.timeout, where.interfaces));
  if (options.device.is_cuda()) {
    group->setBoundDeviceId(options.device);
    group->setBackend(c10::kCUDA, Group::NCCL,
                      make_nccl(part("nccl"), where.rank, where.size,
                                options.timeout, options.device));
  }
  return group;
}

}  // namespace

ProcessGroup::Impl::Impl(const RankEnvironment& environment,
                         const ProcessGroupOptions& wanted)
    : where(environment),
      options{device_of(environment, wanted.device), wanted.timeout},
      roll_call(environment, wanted.timeout) {
  try {
    group = make_group(where, options, roll_call);
    roll_call.meet();
  } catch (const std::exception& error) {
    if (!is_from_c10d(error)) throw;
    fail(error);
  }
}

ProcessGroup::Impl::~Impl() {
  failed = failed || std::uncaught_exceptions() > exceptions;
  // The others are told before they see closed connections. What is under way
  // between them and this rank ends by itself, unless something went wrong.
  roll_call.leave();
  if (!failed) roll_call.hold_store(options.timeout);
  // NCCL waits for the device, and complains unless it is told of the end.
  const bool is_told = !failed && group && options.device.is_cuda();
  call_with_timeout(is_told ? options.timeout : kClose,
                    [is_told, group_ = std::move(group),
                     work = std::move(travelling)]() mutable {
                      work.reset();
                      if (is_told) group_->getBackend(c10::kCUDA)->shutdown();
                      group_.reset();
                      return true;
                    });
  if (failed) roll_call.hold_store(kFarewell);
}

c10d::Backend& ProcessGroup::Impl::carrier_of(const at::Tensor& tensor) const {
  TORCH_CHECK(
      tensor.device().is_cpu() || tensor.device() == options.device,
      error_message(
          "ranks",
          c10::str("tensors must be on the CPU or on this rank's device ",
                   options.device),
          c10::str("one on ", tensor.device()),
          "move it, or set ProcessGroupOptions::device"));
  return *group->getBackend(tensor.device().type());
}

std::vector<at::Tensor> ProcessGroup::Impl::gather(
    const at::Tensor& tensor) const {
  std::vector<std::vector<at::Tensor>> outputs(1);
  for (int rank = 0; rank < where.size; ++rank) {
    outputs[0].push_back(at::empty_like(tensor));
  }
  std::vector<at::Tensor> inputs{tensor};
  carrier_of(tensor).allgather(outputs, inputs)->wait();
  return outputs[0];
}

c10::intrusive_ptr<c10d::Work> ProcessGroup::Impl::start_sum(
    const at::Tensor& tensor) const {
  std::vector<at::Tensor> tensors{tensor};
  return carrier_of(tensor).allreduce(tensors);
}

void ProcessGroup::Impl::fail(const std::exception& error) {
  failed = true;
  TORCH_CHECK(false, "ranks: ", roll_call.blame(), " (", first_line_of(error),
              ")");
}

std::string layout_of(const at::Tensor& tensor) {
  std::ostringstream text;
  text << tensor.scalar_type() << ' ' << tensor.sizes();
  return text.str();
}

std::string layout_of(const std::vector<std::string>& names,
                      const std::vector<at::Tensor>& tensors) {
  TORCH_CHECK(names.size() == tensors.size(),
              error_message("ranks", "each tensor needs a name",
                            c10::str(names.size(), " names for ",
                                     tensors.size(), " tensors"),
                            "give as many"));
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += ", ";
    text += names[i] + ' ' + layout_of(tensors[i]);
  }
  return text;
}

}  // namespace expandnet::distributed
