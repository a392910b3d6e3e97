#include <ATen/core/grad_mode.h>
#include <expandnet/tasks/meter.h>

#include <utility>

namespace expandnet::tasks {

Meter::Meter(std::vector<Metric> metrics, at::Tensor sums)
    : metrics_(std::move(metrics)), sums_(std::move(sums)) {}

void Meter::reset() {
  const at::NoGradGuard no_grad;
  sums_.zero_();
}

void Meter::set_sums(const at::Tensor& sums) {
  const at::NoGradGuard no_grad;
  sums_.copy_(sums);
}

}  // namespace expandnet::tasks
