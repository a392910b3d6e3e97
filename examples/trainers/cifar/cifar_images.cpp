#include "trainers/cifar/cifar_images.h"

#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <utility>

namespace expandnet::examples {

namespace {

constexpr std::int64_t kEvaluationBatch = 256;

data::BatchOptions normalized(data::BatchOptions options,
                              const std::string& dataset) {
  auto [mean, stddev] = data::channel_statistics(dataset);
  options.mean = std::move(mean);
  options.stddev = std::move(stddev);
  options.mean.resize(3, options.mean.front());  // grey, shown three times
  options.stddev.resize(3, options.stddev.front());
  return options;
}

/// A copy of `batches` that a run has for itself.
std::unique_ptr<data::BatchSource> copy_of(const data::Batches& batches,
                                           std::uint64_t seed) {
  return std::make_unique<data::Batches>(batches.with_seed(seed));
}

}  // namespace

CifarImages::CifarImages(const CifarImagesOptions& options)
    : dataset_(options.dataset),
      options_(normalized(options.batches, options.dataset)) {
  const auto load = [&](data::Split split) {
    return data::as_rgb32(
        data::load_image_set(options.dataset, options.folder, split));
  };
  auto parts = data::split(load(data::Split::kTrain), options.validation,
                           options.split_seed);
  training_ = std::move(parts.training);
  choose(options.training);
  validation_ = std::move(parts.validation);
  test_ = load(data::Split::kTest);
  for (auto* set : {&training_, &validation_, &test_}) {
    set->images = set->images.to(options.device);
    set->labels = set->labels.to(options.device);
  }
  training_batches_ = std::make_shared<data::Batches>(
      training_.images, training_.labels, options_);
  if (size_of("validation") > 0) {
    validation_batches_ =
        std::make_shared<data::Batches>(plain_batches(validation_));
  }
  test_batches_ = std::make_shared<data::Batches>(plain_batches(test_));
}

void CifarImages::choose(const TrainingImages& options) {
  const auto labels = training_.labels.contiguous();
  const auto* label = labels.const_data_ptr<std::int64_t>();
  const auto chosen = choose_images({label, label + labels.numel()},
                                    training_.classes, options);
  notes_ = chosen.notes;
  if (notes_.empty()) return;
  training_.images =
      training_.images.index_select(0, at::tensor(chosen.indices, at::kLong));
  training_.labels = at::tensor(chosen.labels, at::kLong);
}

const data::ImageSet& CifarImages::set_named(const std::string& set) const {
  return set == "test" ? test_ : set == "validation" ? validation_ : training_;
}

data::Batches CifarImages::plain_batches(const data::ImageSet& set) const {
  auto options = options_.plain();
  options.batch_size = kEvaluationBatch;
  return {set.images, set.labels, options};
}

std::string CifarImages::in_words() const {
  return fmt::format("{} training, {} validation and {} test images",
                     size_of("training"), size_of("validation"),
                     size_of("test"));
}

RunData CifarImages::run_data(std::uint64_t seed) const {
  RunData data;
  data.training = copy_of(*training_batches_, seed);
  if (validation_batches_)
    data.validation = copy_of(*validation_batches_, seed);
  data.test = copy_of(*test_batches_, seed);
  return data;
}

std::int64_t CifarImages::size_of(const std::string& set) const {
  return set_named(set).labels.size(0);
}

std::unique_ptr<data::BatchSource> CifarImages::batches_of(
    const std::string& set) const {
  return std::make_unique<data::Batches>(plain_batches(set_named(set)));
}

std::unique_ptr<data::BatchSource> CifarImages::training_images(
    const std::vector<std::int64_t>& places) const {
  const auto indices =
      at::tensor(places, at::kLong).to(training_.images.device());
  auto chosen = training_;
  chosen.images = training_.images.index_select(0, indices);
  chosen.labels = training_.labels.index_select(0, indices);
  return std::make_unique<data::Batches>(plain_batches(chosen));
}

}  // namespace expandnet::examples
