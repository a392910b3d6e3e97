#include <c10/util/Exception.h>
#include <expandnet/distributed/gradient_reducer.h>

#include <algorithm>
#include <limits>
#include <torch/csrc/distributed/c10d/reducer.hpp>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/libtorch_errors.h"
#include "distributed/process_group_impl.h"

namespace expandnet::distributed {

namespace {

using Buckets = std::vector<std::vector<std::size_t>>;

/// Since LibTorch 2.9 or so the constructor takes three more arguments.
template <typename Reducer, typename... Arguments>
std::unique_ptr<Reducer> make_reducer(Arguments&&... arguments) {
  if constexpr (std::is_constructible_v<Reducer, Arguments...>) {
    return std::make_unique<Reducer>(std::forward<Arguments>(arguments)...);
  } else {
    return std::make_unique<Reducer>(
        std::forward<Arguments>(arguments)...,
        /*skip_all_reduce_unused_params=*/false,
        /*use_python_reducer=*/false,
        /*bucket_bytes_cap_list=*/std::vector<std::int64_t>());
  }
}

/// One bucket for all of a dtype, as the order in which gradients come is not
/// known yet; the reducer makes those of the wanted size after one pass.
Buckets first_buckets(const std::vector<at::Tensor>& parameters) {
  auto buckets = std::get<0>(c10d::compute_bucket_assignment_by_size(
      parameters, {std::numeric_limits<std::size_t>::max()}));
  std::reverse(buckets.begin(), buckets.end());
  return buckets;
}

}  // namespace

struct GradientReducer::Impl {
  std::vector<std::string> names;
  std::vector<at::Tensor> parameters;
  std::int64_t bucket_bytes = 0;
  std::unique_ptr<c10d::Reducer> reducer;

  /// Throws if a gradient is missing; makes the buckets after the first pass.
  void finish() {
    try {
      reducer->rebuild_buckets();
    } catch (const c10::Error& error) {
      if (!is_unfinished_reduction(error)) throw;
      TORCH_CHECK(false, error_message(
                             "GradientReducer",
                             "every parameter must get a gradient in the pass",
                             c10::str("none for ", first_without_gradient()),
                             "leave out what the loss does not depend on"));
    }
  }

 private:
  [[nodiscard]] std::string first_without_gradient() const {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!parameters[i].grad().defined()) return names[i];
    }
    return "one";  // it has that of an earlier pass
  }
};

GradientReducer::GradientReducer(const std::vector<std::string>& names,
                                 const std::vector<at::Tensor>& parameters,
                                 ProcessGroup& ranks, std::int64_t bucket_bytes)
    : impl_(std::make_unique<Impl>()), ranks_(ranks) {
  TORCH_CHECK(
      !parameters.empty(),
      error_message("GradientReducer", "parameters must be given", "none"));
  TORCH_CHECK(bucket_bytes > 0,
              error_message("GradientReducer", "bucket_bytes must be positive",
                            c10::str(bucket_bytes)));
  ranks.check_same("the parameters", layout_of(names, parameters));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    TORCH_CHECK(
        parameters[i].is_leaf() && parameters[i].requires_grad(),
        error_message("GradientReducer",
                      "parameters must be leaves that record gradients",
                      c10::str(names[i], ", which is not"), "leave it out"));
    bytes_ += static_cast<std::int64_t>(parameters[i].nbytes());
  }
  impl_->names = names;
  impl_->parameters = parameters;
  impl_->bucket_bytes = bucket_bytes;
  reset();
}

void GradientReducer::reset() {
  auto& impl = *impl_;
  std::unordered_map<std::size_t, std::string> name_of;
  for (std::size_t i = 0; i < impl.names.size(); ++i) {
    name_of[i] = impl.names[i];
  }
  const std::vector<bool> sparse(impl.parameters.size(), false);
  impl.reducer = nullptr;  // takes its hooks away
  impl.reducer = make_reducer<c10d::Reducer>(
      impl.parameters, first_buckets(impl.parameters), ranks_.impl().group,
      sparse, impl.bucket_bytes,
      /*find_unused_parameters=*/false, /*gradient_as_bucket_view=*/false,
      std::move(name_of), /*first_bucket_bytes_cap=*/impl.bucket_bytes);
}

GradientReducer::~GradientReducer() = default;

void GradientReducer::average(const std::function<void()>& backward) {
  ranks_.run([&] {
    impl_->reducer->prepare_for_backward({});
    backward();
    impl_->finish();
  });
}

}  // namespace expandnet::distributed
