// For a LibTorch that was built without distributed training.
#include <c10/util/Exception.h>
#include <expandnet/distributed/gradient_reducer.h>
#include <expandnet/distributed/ranks.h>

#include <cstdlib>

#include "base/error.h"

namespace expandnet::distributed {

struct Ranks::Impl {};
struct GradientReducer::Impl {};

namespace {

/// There is no Ranks to call anything of.
[[noreturn]] void no_ranks() {
  TORCH_INTERNAL_ASSERT(false, "this build has no ranks");
}

}  // namespace

bool Ranks::in_environment() {
  return std::getenv("RANK") != nullptr || std::getenv("WORLD_SIZE") != nullptr;
}

std::unique_ptr<Ranks> Ranks::from_environment(
    const RanksOptions& /*options*/) {
  TORCH_CHECK(
      !in_environment(),
      error_message("ranks", "several processes need a LibTorch with Gloo",
                    "RANK or WORLD_SIZE but no Gloo",
                    "unset them, or build expandnet with another LibTorch"));
  return nullptr;
}

Ranks::~Ranks() = default;
int Ranks::rank() const { no_ranks(); }
int Ranks::size() const { no_ranks(); }
int Ranks::local_rank() const { no_ranks(); }
c10::Device Ranks::device() const { no_ranks(); }
void Ranks::sum(const at::Tensor& /*tensor*/) { no_ranks(); }
void Ranks::broadcast(const at::Tensor& /*tensor*/) { no_ranks(); }
void Ranks::broadcast(const std::vector<at::Tensor>& /*tensors*/) {
  no_ranks();
}
std::string Ranks::broadcast(const std::string& /*text*/) { no_ranks(); }
std::vector<std::string> Ranks::gather(const std::string& /*text*/) {
  no_ranks();
}
at::Tensor Ranks::gather(const at::Tensor& /*tensor*/) { no_ranks(); }
void Ranks::barrier() { no_ranks(); }
bool Ranks::any(bool /*mine*/) { no_ranks(); }
bool Ranks::any_before(bool /*mine*/) { no_ranks(); }
void Ranks::check_same(const std::string& /*what*/,
                       const std::string& /*text*/) {
  no_ranks();
}
void Ranks::check_identical(const std::vector<std::string>& /*names*/,
                            const std::vector<at::Tensor>& /*tensors*/) {
  no_ranks();
}
void Ranks::run(const std::function<void()>& /*action*/) { no_ranks(); }

GradientReducer::GradientReducer(const std::vector<std::string>& /*names*/,
                                 const std::vector<at::Tensor>& /*parameters*/,
                                 Ranks& ranks, std::int64_t /*bucket_bytes*/)
    : ranks_(ranks) {
  no_ranks();
}
GradientReducer::~GradientReducer() = default;
void GradientReducer::reset() {}
void GradientReducer::average(const std::function<void()>& /*backward*/) {
  no_ranks();
}

}  // namespace expandnet::distributed
