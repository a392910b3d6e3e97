#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <expandnet/distributed/process_group.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <torch/csrc/distributed/c10d/comm.hpp>
#include <utility>

#include "base/error.h"
#include "base/libtorch_errors.h"
#include "distributed/process_group_impl.h"

namespace expandnet::distributed {

namespace {

/// Tensors that are broadcast together travel in buffers of this size.
constexpr std::size_t kBroadcastBytes = std::size_t{25} << 20;

/// c10d writes to connections that others have closed. That would end the
/// process by a signal, where it is not ignored as in Python.
void ignore_broken_pipes() {
  struct sigaction action {};
  ::sigaction(SIGPIPE, nullptr, &action);
  if (action.sa_handler == SIG_DFL) ::signal(SIGPIPE, SIG_IGN);
}

at::Tensor bytes_of(const std::string& text, std::int64_t size) {
  auto bytes = at::zeros({size}, at::kByte);
  if (!text.empty()) std::memcpy(bytes.data_ptr(), text.data(), text.size());
  return bytes;
}

std::string text_of(const at::Tensor& bytes, std::int64_t size) {
  const auto* begin = static_cast<const char*>(bytes.const_data_ptr());
  return {begin, static_cast<std::size_t>(size)};
}

/// Of a long text, what is around position `at`.
std::string excerpt(const std::string& text, std::size_t at) {
  constexpr std::size_t kBefore = 20, kLength = 60;
  const auto begin = at > kBefore ? at - kBefore : 0;
  if (begin >= text.size()) return text.empty() ? "''" : "'...' (its end)";
  return std::string("'") + (begin > 0 ? "..." : "") +
         text.substr(begin, kLength) +
         (begin + kLength < text.size() ? "...'" : "'");
}

/// The sum of a tensor's bits, read as integers, on its device.
at::Tensor bit_sum(const at::Tensor& tensor) {
  auto integer = at::kByte;
  if (tensor.element_size() == 2) integer = at::kShort;
  if (tensor.element_size() == 4) integer = at::kInt;
  if (tensor.element_size() == 8) integer = at::kLong;
  return tensor.contiguous().view(integer).sum(at::kLong);
}

}  // namespace

bool ProcessGroup::in_environment() {
  return std::getenv("RANK") != nullptr || std::getenv("WORLD_SIZE") != nullptr;
}

std::unique_ptr<ProcessGroup> ProcessGroup::from_environment(
    const ProcessGroupOptions& options) {
  if (!in_environment()) return nullptr;
  const auto where = read_rank_environment();
  ignore_broken_pipes();
  return std::unique_ptr<ProcessGroup>(
      new ProcessGroup(std::make_unique<Impl>(where, options)));
}

ProcessGroup::ProcessGroup(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
ProcessGroup::~ProcessGroup() = default;

int ProcessGroup::rank() const { return impl_->where.rank; }
int ProcessGroup::size() const { return impl_->where.size; }
int ProcessGroup::local_rank() const { return impl_->where.local_rank; }
c10::Device ProcessGroup::device() const { return impl_->options.device; }

void ProcessGroup::run(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::exception& error) {
    if (!is_from_c10d(error)) throw;
    impl_->fail(error);
  }
}

void ProcessGroup::sum(const at::Tensor& tensor) {
  const at::NoGradGuard no_grad;
  // Gloo ends the process when sizes differ.
  check_same("the layout of a tensor to add up", layout_of(tensor));
  const auto flat = tensor.contiguous();
  run([&] { impl_->start_sum(flat)->wait(); });
  if (!flat.is_same(tensor)) tensor.copy_(flat);
}

void ProcessGroup::broadcast(const at::Tensor& tensor) {
  broadcast(std::vector<at::Tensor>{tensor});
}

void ProcessGroup::broadcast(const std::vector<at::Tensor>& tensors) {
  const at::NoGradGuard no_grad;
  std::string layout;
  for (const auto& tensor : tensors) {
    layout += (layout.empty() ? "" : ", ") + layout_of(tensor);
  }
  check_same("the layout of tensors to broadcast", layout);
  if (tensors.empty()) return;  // a model without buffers
  run([&] {
    c10d::broadcast_coalesced(impl_->group, tensors, kBroadcastBytes);
  });
}

std::string ProcessGroup::broadcast(const std::string& text) {
  auto size = at::full({1}, static_cast<std::int64_t>(text.size()), at::kLong);
  std::vector<at::Tensor> sizes{size};
  auto& carrier = impl_->carrier_of(size);
  run([&] { carrier.broadcast(sizes)->wait(); });
  const auto length = size.item<std::int64_t>();
  if (length == 0) return "";
  std::vector<at::Tensor> bytes{is_first() ? bytes_of(text, length)
                                           : at::empty({length}, at::kByte)};
  run([&] { carrier.broadcast(bytes)->wait(); });
  return text_of(bytes[0], length);
}

std::vector<std::string> ProcessGroup::gather(const std::string& text) {
  const auto mine =
      at::full({1}, static_cast<std::int64_t>(text.size()), at::kLong);
  std::vector<at::Tensor> sizes, bytes;
  run([&] { sizes = impl_->gather(mine); });
  std::int64_t longest = 1;
  for (const auto& size : sizes) {
    longest = std::max(longest, size.item<std::int64_t>());
  }
  run([&] { bytes = impl_->gather(bytes_of(text, longest)); });
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    texts.push_back(text_of(bytes[i], sizes[i].item<std::int64_t>()));
  }
  return texts;
}

at::Tensor ProcessGroup::gather(const at::Tensor& tensor) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> tensors;
  run([&] { tensors = impl_->gather(tensor.contiguous()); });
  return at::stack(tensors);
}

void ProcessGroup::barrier() { (void)any(false); }

bool ProcessGroup::any(bool mine) {
  const auto count = at::full({1}, mine ? 1 : 0, at::kLong);
  run([&] { impl_->start_sum(count)->wait(); });
  return count.item<std::int64_t>() > 0;
}

bool ProcessGroup::any_before(bool mine) {
  bool answer = false;
  run([&] {
    if (impl_->travelling) {
      impl_->travelling->wait();
      answer = impl_->answer.item<std::int64_t>() > 0;
    }
    impl_->answer = at::full({1}, mine ? 1 : 0, at::kLong);
    impl_->travelling = impl_->start_sum(impl_->answer);
  });
  return answer;
}

void ProcessGroup::check_same(const std::string& what,
                              const std::string& text) {
  const auto texts = gather(text);
  for (std::size_t i = 1; i < texts.size(); ++i) {
    if (texts[i] == texts[0]) continue;
    const auto& [a, b] = std::tie(texts[0], texts[i]);
    const auto at = static_cast<std::size_t>(
        std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
        a.begin());
    TORCH_CHECK(false, error_message("ranks",
                                     c10::str(what, " must be the same on all"),
                                     c10::str(excerpt(a, at), " on rank 0 and ",
                                              excerpt(b, at), " on rank ", i),
                                     "start all of them alike"));
  }
}

void ProcessGroup::check_identical(const std::vector<std::string>& names,
                                   const std::vector<at::Tensor>& tensors) {
  check_same("the layout of tensors to compare", layout_of(names, tensors));
  if (tensors.empty()) return;
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> sums, all;
  for (const auto& tensor : tensors) sums.push_back(bit_sum(tensor));
  const auto mine = at::stack(sums).cpu();
  run([&] { all = impl_->gather(mine); });
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t rank = 1; rank < all.size(); ++rank) {
      const auto index = static_cast<std::int64_t>(i);
      TORCH_CHECK(
          all[rank][index].equal(all[0][index]),
          error_message("ranks",
                        c10::str(names[i], " must have the same bits on all"),
                        c10::str("others on rank ", rank, " than on rank 0"),
                        "start all of them again, from the last checkpoint"));
    }
  }
}

}  // namespace expandnet::distributed
