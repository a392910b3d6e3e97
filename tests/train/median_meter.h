// median_meter.h: meters of two regressions, one of which no sum gives.
#pragma once

#include <expandnet/tasks/meter.h>
#include <torch/types.h>

#include <utility>

namespace expandnet::testing {

/// Of outputs and targets by twos: the sum of their mean squared errors.
class LossMeter : public tasks::Meter {
 public:
  explicit LossMeter(c10::Device device,
                     std::vector<tasks::Metric> metrics = {})
      : Meter(
            std::move(metrics),
            torch::zeros({2}, at::TensorOptions(at::kDouble).device(device))) {}
  [[nodiscard]] at::Tensor loss(const data::Tensors& output,
                                const data::Tensors& targets) const override {
    return at::mse_loss(output.all()[0], targets.all()[0]) +
           at::mse_loss(output.all()[1], targets.all()[1]);
  }
  void add(const at::Tensor& loss, const data::Tensors& /*output*/,
           const data::Tensors& targets) override {
    const torch::NoGradGuard no_grad;
    const auto count = targets.all()[0].size(0);
    sums()[0].add_(loss.detach().to(at::kDouble), count);
    sums()[1].add_(count);
  }
  [[nodiscard]] tasks::Metrics result() const override {
    return {{"loss", (sums()[0] / sums()[1]).item<double>()}};
  }
};

/// The median of the first outputs, too.
class MedianMeter : public LossMeter {
 public:
  explicit MedianMeter(c10::Device device)
      : LossMeter(device, {{"median", "median", /*share=*/false}}) {}
  void add(const at::Tensor& loss, const data::Tensors& output,
           const data::Tensors& targets) override {
    LossMeter::add(loss, output, targets);
    rows_ = torch::cat({rows_, output.all()[0].detach().to(at::kDouble)});
  }
  [[nodiscard]] tasks::Metrics result() const override {
    auto metrics = LossMeter::result();
    metrics.set("median", rows_.median().item<double>());
    return metrics;
  }
  void reset() override {
    Meter::reset();
    rows_ = torch::zeros({0, 1}, at::kDouble);
  }
  [[nodiscard]] at::Tensor rows() const override { return rows_; }
  void set_rows(const at::Tensor& rows) override { rows_ = rows; }

 private:
  at::Tensor rows_ = torch::zeros({0, 1}, at::kDouble);
};

}  // namespace expandnet::testing
