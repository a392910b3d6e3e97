// For a LibTorch that was built without distributed training.
#include <c10/util/Exception.h>
#include <expandnet/distributed/gradient_reducer.h>
#include <expandnet/distributed/process_group.h>

#include <cstdlib>

#include "base/error.h"

namespace expandnet::distributed {

struct ProcessGroup::Impl {};
struct GradientReducer::Impl {};

namespace {

/// There is no ProcessGroup to call anything of.
[[noreturn]] void no_ranks() {
  TORCH_INTERNAL_ASSERT(false, "this build has no ranks");
}

}  // namespace

bool ProcessGroup::in_environment() {
  return std::getenv("RANK") != nullptr || std::getenv("WORLD_SIZE") != nullptr;
}

std::unique_ptr<ProcessGroup> ProcessGroup::from_environment(
    const ProcessGroupOptions& /*options*/) {
  TORCH_CHECK(
      !in_environment(),
      error_message("ranks", "several processes need a LibTorch with Gloo",
                    "RANK or WORLD_SIZE but no Gloo",
                    "unset them, or build expandnet with another LibTorch"));
  return nullptr;
}

ProcessGroup::~ProcessGroup() = default;
int ProcessGroup::rank() const { no_ranks(); }
int ProcessGroup::size() const { no_ranks(); }
int ProcessGroup::local_rank() const { no_ranks(); }
c10::Device ProcessGroup::device() const { no_ranks(); }
void ProcessGroup::sum(const at::Tensor& /*tensor*/) { no_ranks(); }
void ProcessGroup::broadcast(const at::Tensor& /*tensor*/) { no_ranks(); }
void ProcessGroup::broadcast(const std::vector<at::Tensor>& /*tensors*/) {
  no_ranks();
}
std::string ProcessGroup::broadcast(const std::string& /*text*/) { no_ranks(); }
std::vector<std::string> ProcessGroup::gather(const std::string& /*text*/) {
  no_ranks();
}
at::Tensor ProcessGroup::gather(const at::Tensor& /*tensor*/) { no_ranks(); }
void ProcessGroup::barrier() { no_ranks(); }
bool ProcessGroup::any(bool /*mine*/) { no_ranks(); }
bool ProcessGroup::any_before(bool /*mine*/) { no_ranks(); }
void ProcessGroup::check_same(const std::string& /*what*/,
                              const std::string& /*text*/) {
  no_ranks();
}
void ProcessGroup::check_identical(const std::vector<std::string>& /*names*/,
                                   const std::vector<at::Tensor>& /*tensors*/) {
  no_ranks();
}
void ProcessGroup::run(const std::function<void()>& /*action*/) { no_ranks(); }

GradientReducer::GradientReducer(const std::vector<std::string>& /*names*/,
                                 const std::vector<at::Tensor>& /*parameters*/,
                                 ProcessGroup& ranks,
                                 std::int64_t /*bucket_bytes*/)
    : ranks_(ranks) {
  no_ranks();
}
GradientReducer::~GradientReducer() = default;
void GradientReducer::reset() {}
void GradientReducer::average(const std::function<void()>& /*backward*/) {
  no_ranks();
}

}  // namespace expandnet::distributed
