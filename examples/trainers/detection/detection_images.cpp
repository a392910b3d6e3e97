#include "trainers/detection/detection_images.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randperm.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "trainers/app/runs/run_files.h"
#include "trainers/detection/anchors_file.h"

namespace expandnet::examples {

namespace {

constexpr double kCellSide = 32;  // pixels

std::vector<std::int64_t> all_places(const data::AnnotatedSet& set) {
  std::vector<std::int64_t> places(set.images.size());
  std::iota(places.begin(), places.end(), std::int64_t{0});
  return places;
}

std::int64_t count_of(const std::vector<std::int64_t>& places) {
  return static_cast<std::int64_t>(places.size());
}

}  // namespace

DetectionImages::DetectionImages(DetectionImagesOptions options)
    : options_(std::move(options)) {
  options_.lists =
      choose_lists(options_.dataset, options_.folder, options_.lists);
  if (!options_.classes.empty()) return;  // read what is asked for
  read_all();
  const auto images = count_of(training_->places);
  TORCH_CHECK(
      images >= options_.training.batch_size,
      error_message(
          "--batch-size", "must not be above the number of training images",
          fmt::format("{} for {} in \"{}\"", options_.training.batch_size,
                      images, options_.folder)));
  TORCH_CHECK(!validation_->places.empty() || !options_.needs_validation,
              error_message("--select",
                            "best, and a choice of values, need images to "
                            "validate on",
                            "none in \"" + options_.folder + "\"",
                            "name --val-lists, or set some apart by "
                            "--val-images"));
  for (const auto* name : {"training", "validation", "test"}) {
    const auto& [set, places] = set_named(name);
    TORCH_CHECK(places.empty() || !shapes_in(*set, places, 1).empty(),
                error_message("--data",
                              fmt::format("the {} set must have an object to "
                                          "find",
                                          name),
                              fmt::format("none in {} images", places.size())));
  }
  if (options_.anchors.empty()) fit();
}

void DetectionImages::read_all() {
  auto training = read(options_.lists.training);
  auto validation = read(options_.lists.validation);
  auto test = read(options_.lists.test);
  unite_classes({&training, &validation, &test});
  options_.classes = training.classes;
  test_ = whole(std::move(test));
  if (!options_.lists.validation.empty()) {
    validation_ = whole(std::move(validation));
  }
  take_training(std::move(training));
}

data::AnnotatedSet DetectionImages::read(const BoxLists& lists) const {
  if (lists.empty()) return {};
  data::AnnotationOptions how;
  how.classes = options_.classes;
  how.faults = options_.faults;
  auto set = read_boxes(options_.dataset, options_.folder, lists, how);
  for (const auto& [rule, count] : set.skipped) {
    notes_.push_back(fmt::format("note: skipped {} {}: {}", count,
                                 count == 1 ? "time" : "times", rule));
  }
  return set;
}

DetectionImages::BoxSet DetectionImages::whole(data::AnnotatedSet set) {
  BoxSet result;
  result.places = all_places(set);
  result.set = std::make_shared<const data::AnnotatedSet>(std::move(set));
  return result;
}

void DetectionImages::take_training(data::AnnotatedSet set) const {
  auto all = whole(std::move(set));
  if (!validation_ && options_.lists.validation.empty()) {
    const auto apart = options_.validation_images;
    const auto count = count_of(all.places);
    TORCH_CHECK(apart < count,
                error_message("--val-images",
                              fmt::format("must be below {}, the number of "
                                          "training images",
                                          count),
                              std::to_string(apart)));
    const auto drawn = at::randperm(
        count, at::make_generator<at::CPUGeneratorImpl>(options_.split_seed),
        at::TensorOptions(at::kLong));
    const auto* first = drawn.const_data_ptr<std::int64_t>();
    BoxSet validation = {all.set, {first, first + apart}};
    all.places.assign(first + apart, first + count);
    std::sort(validation.places.begin(), validation.places.end());
    std::sort(all.places.begin(), all.places.end());
    validation_ = std::move(validation);
  }
  training_ = std::move(all);
}

void DetectionImages::fit() {
  const auto cells = static_cast<double>(options_.training.size) / kCellSide;
  const auto shapes = shapes_in(*training_->set, training_->places, cells);
  const auto [anchors, iou] =
      tasks::fit_anchors(shapes, options_.anchor_count, /*seed=*/0);
  options_.anchors = anchors;
  options_.keeps_anchors = true;
  notes_.push_back(
      fmt::format("anchors fitted to {} boxes: {} cells, mean IoU {:.3f}",
                  shapes.size(), examples::in_words(anchors), iou));
}

const DetectionImages::BoxSet& DetectionImages::set_named(
    const std::string& set) const {
  const auto& lists = options_.lists;
  if (set == "test") {
    if (!test_) test_ = whole(read(lists.test));
    return *test_;
  }
  if (set == "validation" && !lists.validation.empty()) {
    if (!validation_) validation_ = whole(read(lists.validation));
    return *validation_;
  }
  if (!training_) take_training(read(lists.training));
  return set == "training" ? *training_ : *validation_;
}

std::unique_ptr<data::BoxBatches> DetectionImages::plain_batches(
    const BoxSet& set, const std::string& name) const {
  if (set.places.empty()) return nullptr;
  auto options = options_.training;
  options.transform = options_.evaluation;
  options.scales.reset();
  options.batch_size /= options.ranks;
  options.drop_last = false;
  options.images.clear();
  for (auto i = options.rank; i < count_of(set.places); i += options.ranks) {
    options.images.push_back(set.places[static_cast<std::size_t>(i)]);
  }
  TORCH_CHECK(!options.images.empty(),
              error_message(
                  "expandnet-detection",
                  fmt::format("there must be an image to evaluate for each of "
                              "{} ranks",
                              options.ranks),
                  fmt::format("{} in the {} set", set.places.size(), name)));
  options.rank = 0;
  options.ranks = 1;
  return std::make_unique<data::BoxBatches>(set.set, options, options_.device);
}

std::int64_t DetectionImages::classes() const {
  return static_cast<std::int64_t>(options_.classes.size());
}

std::vector<std::string> DetectionImages::class_names() const {
  return options_.classes;
}

std::string DetectionImages::in_words() const {
  return fmt::format(
      "{} training, {} validation and {} test images of {} classes",
      size_of("training"), size_of("validation"), size_of("test"), classes());
}

std::vector<std::string> DetectionImages::notes() const { return notes_; }

std::vector<KeptFile> DetectionImages::kept_files() const {
  if (!options_.keeps_anchors) return {};
  return {{kAnchorsFile, anchors_text(options_.anchors), "anchors"}};
}

RunData DetectionImages::run_data(std::uint64_t seed) const {
  auto options = options_.training;
  const auto& training = set_named("training");
  options.seed = seed;
  options.images = training.places;
  RunData data;
  data.training = std::make_unique<data::BoxBatches>(training.set, options,
                                                     options_.device);
  data.validation = plain_batches(set_named("validation"), "validation");
  data.test = plain_batches(set_named("test"), "test");
  return data;
}

std::int64_t DetectionImages::size_of(const std::string& set) const {
  return count_of(set_named(set).places);
}

std::vector<data::AnnotatedImage> DetectionImages::annotated(
    const std::string& set) const {
  const auto& [images, places] = set_named(set);
  std::vector<data::AnnotatedImage> result;
  for (const auto place : places) {
    result.push_back(images->images[static_cast<std::size_t>(place)]);
  }
  return result;
}

std::unique_ptr<data::BatchSource> DetectionImages::batches_of(
    const std::string& set) const {
  return plain_batches(set_named(set), set);
}

}  // namespace expandnet::examples
