#include "trainers/detection/detection_images.h"

#include <c10/util/Exception.h>
#include <expandnet/data/images/image_file.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "base/error.h"
#include "trainers/app/runs/run_files.h"
#include "trainers/detection/anchors_file.h"

namespace expandnet::examples {

namespace {

constexpr double kCellSide = 32;  // pixels

const std::string kDetection = "expandnet-detection";

std::int64_t different_shapes(const std::vector<tasks::Anchor>& shapes) {
  std::set<std::pair<double, double>> different;
  for (const auto& [width, height] : shapes) different.emplace(width, height);
  return static_cast<std::int64_t>(different.size());
}

/// `count` anchors: those that are given, over and over.
std::vector<tasks::Anchor> repeated(const std::vector<tasks::Anchor>& anchors,
                                    std::int64_t count) {
  std::vector<tasks::Anchor> all;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    all.push_back(anchors[i % anchors.size()]);
  }
  return all;
}

/// Decodes the whole image, which finds damage that its header does not show.
void decode_stored(const data::AnnotatedImage& image) {
  const data::ImageFile file(image.path, data::ExifOrientation::kIgnored);
  const auto [height, width] = file.size();
  static_cast<void>(file.decode({0, 0, height, width}, file.size()));
}

}  // namespace

DetectionImages::DetectionImages(DetectionImagesOptions options)
    : options_(std::move(options)),
      sets_(choose_box_lists(options_.dataset, options_.folder, options_.lists),
            options_.apart,
            [this](const Lists& lists) { return read(lists); }) {
  if (!options_.classes.empty()) return;  // read what is asked for
  read_all();
  check_images({options_.folder, options_.training.batch_size,
                options_.needs_validation},
               sets_.at("training").size(), sets_.at("validation").size());
  for (const auto* name : {"training", "validation", "test"}) {
    check_has_object(name);
  }
  if (options_.faults == data::Faults::kStop) {
    for (const auto* name : {"validation", "test"}) {
      read_if_small(sets_.at(name), decode_stored);
    }
  }
  add_notes_on(sets_, notes_);
  if (options_.anchors.empty()) fit();
}

void DetectionImages::check_has_object(const std::string& name) const {
  const auto& [set, places] = sets_.at(name);
  TORCH_CHECK(
      places.empty() || !shapes_in(*set, places, 1).empty(),
      error_message("--data",
                    fmt::format("the {} set must have an object to find", name),
                    fmt::format("none in {} {}", places.size(),
                                places.size() == 1 ? "image" : "images"),
                    "name other lists, or complete the annotations"));
}

void DetectionImages::read_all() {
  const auto& lists = sets_.lists();
  auto training = sets_.read(lists.training);
  auto validation = sets_.read(lists.validation);
  auto test = sets_.read(lists.test);
  unite_classes({&training, &validation, &test});
  options_.classes = training.classes;
  sets_.take("test", std::move(test));
  if (!lists.validation.empty())
    sets_.take("validation", std::move(validation));
  sets_.take("training", std::move(training));
}

data::AnnotatedSet DetectionImages::read(const Lists& lists) const {
  data::AnnotationOptions how;
  how.classes = options_.classes;
  how.faults = options_.faults;
  auto set = read_boxes(options_.dataset, options_.folder, lists, how);
  add_skipped(set, notes_);
  return set;
}

void DetectionImages::fit() {
  const auto cells = static_cast<double>(options_.training.size) / kCellSide;
  const auto& training = sets_.at("training");
  const auto shapes = shapes_in(*training.set, training.places, cells);
  // Data of few shapes need fewer anchors, but the net has so many.
  const auto count = std::min(options_.anchor_count, different_shapes(shapes));
  const auto [anchors, iou] = tasks::fit_anchors(shapes, count, /*seed=*/0);
  options_.anchors = repeated(anchors, options_.anchor_count);
  options_.keeps_anchors = true;
  if (count < options_.anchor_count) {
    notes_.push_back(fmt::format(
        "note: the boxes have {} different {}, and the net {} anchors: some "
        "are repeated",
        count, count == 1 ? "shape" : "shapes", options_.anchor_count));
  }
  notes_.push_back(
      fmt::format("anchors fitted to {} boxes: {} cells, mean IoU {:.3f}",
                  shapes.size(), examples::in_words(anchors), iou));
}

std::unique_ptr<data::BoxBatches> DetectionImages::plain_batches(
    const std::string& set) const {
  const auto& part = sets_.of_run(set, options_.run, options_.folder);
  if (part.places.empty()) return nullptr;
  check_has_object(set);
  auto options =
      evaluation_options(options_.training, part.places, kDetection, set);
  options.transform = options_.evaluation;
  options.scales.reset();
  return std::make_unique<data::BoxBatches>(part.set, options, options_.device);
}

std::int64_t DetectionImages::classes() const {
  return static_cast<std::int64_t>(options_.classes.size());
}

std::vector<std::string> DetectionImages::class_names() const {
  return options_.classes;
}

std::string DetectionImages::in_words() const {
  return sets_in_words(size_of("training"), size_of("validation"),
                       size_of("test"), classes());
}

std::vector<std::string> DetectionImages::notes() const { return notes_; }

std::vector<KeptFile> DetectionImages::kept_files() const {
  std::vector<KeptFile> files = {sets_.kept()};
  if (options_.keeps_anchors) {
    files.push_back({kAnchorsFile, anchors_text(options_.anchors), "anchors"});
  }
  return files;
}

RunData DetectionImages::run_data(std::uint64_t seed) const {
  auto options = options_.training;
  const auto& training = sets_.at("training");
  options.seed = seed;
  options.images = training.places;
  RunData data;
  data.training = std::make_unique<data::BoxBatches>(training.set, options,
                                                     options_.device);
  data.validation = plain_batches("validation");
  data.test = plain_batches("test");
  return data;
}

std::int64_t DetectionImages::size_of(const std::string& set) const {
  return sets_.at(set).size();
}

std::vector<data::AnnotatedImage> DetectionImages::annotated(
    const std::string& set) const {
  const auto& [images, places] =
      sets_.of_run(set, options_.run, options_.folder);
  std::vector<data::AnnotatedImage> result;
  result.reserve(places.size());
  for (const auto place : places) {
    result.push_back(images->images[static_cast<std::size_t>(place)]);
  }
  return result;
}

std::unique_ptr<data::BatchSource> DetectionImages::batches_of(
    const std::string& set) const {
  return plain_batches(set);
}

}  // namespace expandnet::examples
