#include "trainers/segmentation/segmentation_images.h"

#include <c10/util/Exception.h>
#include <expandnet/data/images/label_image.h>
#include <expandnet/data/images/mask_transforms.h>
#include <expandnet/tasks/segmentation/segmentation_loss.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "base/error.h"
#include "base/read_file.h"
#include "trainers/app/runs/run_files.h"

namespace expandnet::examples {

namespace {

const std::string kSegmentation = "expandnet-segmentation";

/// The part of a set by itself.
data::MaskSet chosen_from(const PartOf<data::MaskSet>& part) {
  data::MaskSet chosen = {part.set->classes, part.set->labels, {}};
  chosen.images.reserve(part.places.size());
  for (const auto place : part.places) {
    chosen.images.push_back(part.set->images[static_cast<std::size_t>(place)]);
  }
  return chosen;
}

/// Whether a mask has a pixel that is not ignored. One with faults has none
/// where these are skipped; `why` keeps the first.
bool has_pixel(const data::MaskedImage& image, const data::IndexLabels& labels,
               data::Faults faults, std::string& why) {
  try {
    const auto found = data::read_labels(image.mask, labels).labels;
    return std::any_of(found.begin(), found.end(),
                       [](auto label) { return label != data::kIgnoredLabel; });
  } catch (const std::runtime_error& error) {
    if (faults == data::Faults::kStop) throw;
    if (why.empty()) why = error.what();
    return false;
  }
}

/// Whether the index that is otherwise ignored has a class.
bool names_index_255(const data::MaskSet& set) {
  constexpr std::size_t kIndex = data::kIgnoredLabel;
  return set.labels.size() > kIndex && set.labels[kIndex] >= 0 &&
         set.labels[kIndex] != data::kIgnoredLabel;
}

/// The class of each index, as a run keeps it: "7 road".
std::string indices_in_words(const data::MaskSet& set) {
  std::string text;
  for (std::size_t i = 0; i < set.labels.size(); ++i) {
    const auto label = set.labels[i];
    if (label < 0) continue;
    text += fmt::format("{} {}\n", i,
                        label == data::kIgnoredLabel
                            ? "ignored"
                            : set.classes[static_cast<std::size_t>(label)]);
  }
  return text;
}

}  // namespace

SegmentationImages::SegmentationImages(SegmentationImagesOptions options)
    : options_(std::move(options)),
      sets_(
          choose_mask_lists(options_.dataset, options_.folder, options_.lists),
          options_.apart, [this](const Lists& lists) { return read(lists); }) {
  if (!options_.classes.empty()) return;  // read what is asked for
  const auto& training = sets_.at("training");
  options_.classes = training.set->classes;
  check_images({options_.folder, options_.training.batch_size,
                options_.needs_validation},
               training.size(), sets_.at("validation").size());
  for (const auto* name : {"training", "validation", "test"}) {
    check_has_pixel(name);  // now, rather than after the training
  }
  if (options_.faults == data::Faults::kStop) {
    for (const auto* name : {"validation", "test"}) {
      const auto& part = sets_.at(name);
      read_if_small(part, [&](const data::MaskedImage& image) {
        static_cast<void>(
            data::read_labelled(image.path, image.mask, part.set->labels));
      });
    }
  }
  add_notes_on(sets_, notes_);
  if (names_index_255(*training.set)) {
    notes_.emplace_back(
        "note: index 255 counts as a class: classes.txt names it, and not "
        "\"ignored\"");
  }
  if (options_.weights_classes) weight_classes();
}

void SegmentationImages::check_has_pixel(const std::string& name) const {
  const auto& [set, places] = sets_.at(name);
  std::string why;
  const bool has_one =
      std::any_of(places.begin(), places.end(), [&, &set = set](auto place) {
        return has_pixel(set->images[static_cast<std::size_t>(place)],
                         set->labels, options_.faults, why);
      });
  TORCH_CHECK(places.empty() || has_one,
              error_message(
                  "--data",
                  fmt::format("the {} set must have a pixel of a class", name),
                  fmt::format("none in {} {}{}", places.size(),
                              places.size() == 1 ? "mask" : "masks",
                              why.empty() ? "" : " (left out: " + why + ")"),
                  "name other lists, or correct the masks"));
}

data::MaskSet SegmentationImages::read(const Lists& lists) const {
  auto set =
      read_masks(options_.dataset, options_.folder, lists, options_.faults);
  TORCH_CHECK(options_.classes.empty() || set.classes == options_.classes,
              error_message("--data",
                            "must have the classes of the run, in their order",
                            fmt::format("others in \"{}\"", options_.folder)));
  add_skipped(set, notes_);
  note_other_indices(set);
  return set;
}

void SegmentationImages::note_other_indices(const data::MaskSet& set) const {
  const auto kept = std::filesystem::path(options_.run) / kIndicesFile;
  if (options_.run.empty() || !std::filesystem::exists(kept)) return;
  if (read_file(kept.string()) == indices_in_words(set)) return;
  const auto note = fmt::format(
      "note: the masks in \"{}\" have other indices for the classes than those "
      "that were trained on, in \"{}\"",
      options_.folder, kept.string());
  if (std::find(notes_.begin(), notes_.end(), note) == notes_.end()) {
    notes_.push_back(note);
  }
}

void SegmentationImages::weight_classes() {
  const auto counted =
      data::count_pixels(chosen_from(sets_.at("training")), options_.faults);
  class_weights_ =
      tasks::median_frequency_weights(counted.pixels, counted.image_pixels);
  std::string words;
  for (std::size_t i = 0; i < class_weights_.size(); ++i) {
    words += fmt::format("{}{} {:.3g}", words.empty() ? "" : ", ",
                         options_.classes[i], class_weights_[i]);
    if (counted.pixels[i] == 0) words += " (no pixels)";
  }
  notes_.push_back("class weights: " + words);
}

std::unique_ptr<data::MaskBatches> SegmentationImages::plain_batches(
    const std::string& set) const {
  const auto& part = sets_.of_run(set, options_.run, options_.folder);
  if (part.places.empty()) return nullptr;
  check_has_pixel(set);
  auto options =
      evaluation_options(options_.training, part.places, kSegmentation, set);
  options.transform.reset();
  return std::make_unique<data::MaskBatches>(part.set, options,
                                             options_.device);
}

std::int64_t SegmentationImages::classes() const {
  return static_cast<std::int64_t>(options_.classes.size());
}

std::vector<std::string> SegmentationImages::class_names() const {
  return options_.classes;
}

std::string SegmentationImages::in_words() const {
  return sets_in_words(size_of("training"), size_of("validation"),
                       size_of("test"), classes());
}

std::vector<std::string> SegmentationImages::notes() const { return notes_; }

std::vector<std::string> SegmentationImages::notes_on_results() const {
  const auto& lists = sets_.lists();
  if (lists.validation.empty() || lists.validation != lists.test) return {};
  return {
      "The lists to validate and to test on are the same: scores of what is "
      "chosen on them are optimistic."};
}

std::vector<KeptFile> SegmentationImages::kept_files() const {
  std::vector<KeptFile> files = {sets_.kept()};
  files.push_back({kIndicesFile, indices_in_words(*sets_.at("training").set),
                   "indices of the classes in the masks"});
  if (class_weights_.empty()) return files;
  std::string text;
  for (const auto weight : class_weights_) {
    text += fmt::format("{}\n", weight);  // to the last bit
  }
  files.push_back({kClassWeightsFile, text, "class weights"});
  return files;
}

RunData SegmentationImages::run_data(std::uint64_t seed) const {
  auto options = options_.training;
  const auto& training = sets_.at("training");
  options.seed = seed;
  options.images = training.places;
  RunData data;
  data.training = std::make_unique<data::MaskBatches>(training.set, options,
                                                      options_.device);
  data.validation = plain_batches("validation");
  data.test = plain_batches("test");
  return data;
}

std::int64_t SegmentationImages::size_of(const std::string& set) const {
  return sets_.at(set).size();
}

data::MaskSet SegmentationImages::masked(const std::string& set) const {
  return chosen_from(sets_.of_run(set, options_.run, options_.folder));
}

std::unique_ptr<data::BatchSource> SegmentationImages::batches_of(
    const std::string& set) const {
  return plain_batches(set);
}

}  // namespace expandnet::examples
