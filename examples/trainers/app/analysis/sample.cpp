#include "trainers/app/analysis/sample.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randperm.h>
#include <c10/util/Exception.h>
#include <expandnet/train/evaluate.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"

namespace expandnet::examples {

namespace {

/// Batches that stay where they are.
class HeldBatches : public data::BatchSource {
 public:
  explicit HeldBatches(data::BatchSource& source) {
    source.start_epoch(0);
    for (std::int64_t i = 0; i < source.size(); ++i) {
      batches_.push_back(source.batch(i));
    }
  }
  void start_epoch(std::int64_t /*epoch*/) override {}
  [[nodiscard]] std::int64_t size() const override {
    return static_cast<std::int64_t>(batches_.size());
  }
  [[nodiscard]] data::Batch batch(std::int64_t index) override {
    return batches_.at(static_cast<std::size_t>(index));
  }

 private:
  std::vector<data::Batch> batches_;
};

/// Sorted, the same on every machine.
std::vector<std::int64_t> drawn_places(std::int64_t size, std::int64_t count,
                                       std::uint64_t seed) {
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const auto order =
      at::randperm(size, generator, at::TensorOptions(at::kLong));
  const auto* place = order.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> places(place, place + count);
  std::sort(places.begin(), places.end());
  return places;
}

}  // namespace

Sample::Sample(const Images& images, const tasks::MeterFactory& meter,
               c10::Device device, std::int64_t count, std::uint64_t seed)
    : meter_(meter(device)) {
  const auto size = images.size_of("training");
  TORCH_CHECK(count <= size,
              error_message(
                  "--images",
                  fmt::format("must be at most {}, as many as there are", size),
                  std::to_string(count)));
  const auto source = images.training_images(drawn_places(size, count, seed));
  TORCH_INTERNAL_ASSERT(source != nullptr);
  batches_ = std::make_shared<HeldBatches>(*source);
  // An image that cannot be read may have been left out.
  count_ = 0;
  for (std::int64_t i = 0; i < batches_->size(); ++i) {
    count_ += batches_->batch(i).images.size(0);
  }
}

tasks::Metrics Sample::evaluate(const train::Model& net) const {
  return train::evaluate(net, *batches_, *meter_);
}

std::vector<analysis::LossPart> Sample::loss_parts(
    const train::Model& net, const std::function<void()>& before) const {
  std::vector<analysis::LossPart> parts;
  for (std::int64_t i = 0; i < batches_->size(); ++i) {
    const auto batch = batches_->batch(i);
    const auto share =
        static_cast<double>(batch.images.size(0)) / static_cast<double>(count_);
    parts.emplace_back([this, batch, share, before, &net] {
      before();
      return share * meter_->loss(net.forward(batch.images), batch.targets);
    });
  }
  return parts;
}

}  // namespace expandnet::examples
