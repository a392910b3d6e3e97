#include "data/sets/annotation_checks.h"

#include <expandnet/data/images/image_file.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/text.h"
#include "data/images/image_sizes.h"

namespace expandnet::data {

namespace {

constexpr double kPixelsOutside = 1;

/// Without zeros at the end: "10.5", "10".
std::string short_number(double value) {
  auto text = std::to_string(value);
  text.resize(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string box_in_words(const Box& box) {
  return short_number(box.width) + " x " + short_number(box.height) +
         " pixels at column " + short_number(box.left) + ", row " +
         short_number(box.top);
}

}  // namespace

void FaultCounter::fault(const std::string& rule, const std::string& value,
                         const std::string& remedy) {
  if (faults_ == Faults::kStop) throw_file_error(where_, rule, value, remedy);
  skip(rule, value);
}

void FaultCounter::skip(const std::string& rule, const std::string& what) {
  ++skipped_[rule];
  first_skipped_.emplace(rule, what);
}

bool check_box(Box& box, ImageSize image, const std::string& place,
               FaultCounter& faults) {
  const auto words = [&] { return box_in_words(box) + " " + place; };
  const bool has_area = box.width > 0 && box.height > 0;
  if (!has_area) {  // nor has one that is no number
    faults.fault("a box must have an area", words(), "correct or remove it");
    return false;
  }
  const auto height = static_cast<double>(image.height);
  const auto width = static_cast<double>(image.width);
  const auto right = box.left + box.width;
  const auto bottom = box.top + box.height;
  const bool inside =
      box.left >= -kPixelsOutside && box.top >= -kPixelsOutside &&
      right <= width + kPixelsOutside && bottom <= height + kPixelsOutside;
  Box cut;
  cut.left = std::max(box.left, 0.0);
  cut.top = std::max(box.top, 0.0);
  cut.width = std::min(right, width) - cut.left;
  cut.height = std::min(bottom, height) - cut.top;
  if (!inside || cut.width <= 0 || cut.height <= 0) {
    faults.fault("a box must lie inside its image",
                 words() + ", of " + size_in_words(image) + " pixels",
                 "correct or remove it");
    return false;
  }
  box = cut;
  return true;
}

bool check_image(const AnnotatedImage& image, bool check_size,
                 const std::string& place, FaultCounter& faults) {
  std::error_code ignored;
  if (image.path.empty() ||
      !std::filesystem::is_regular_file(image.path, ignored)) {
    faults.fault(
        "an annotation must have its image",
        quoted_name(image.name) + " " + place +
            (image.path.empty() ? "" : ", no " + in_quotes(image.path)),
        "add the file or remove the annotation");
    return false;
  }
  if (!check_size) return true;
  ImageSize size;
  const bool can_be_read = faults.try_read(
      "an image must be one that can be read",
      [&] { size = read_image_size(image.path, ExifOrientation::kIgnored); });
  if (!can_be_read) return false;
  if (!have_same_size(size, image.size)) {
    faults.fault("an annotation must have the size of its image",
                 size_in_words(image.size) + " " + place + ", and " +
                     size_in_words(size) + " in " + in_quotes(image.path),
                 stated_size_remedy(image.size, size));
    return false;
  }
  return true;
}

ClassLabels::ClassLabels(std::vector<std::string> classes)
    : classes_(std::move(classes)) {
  for (const auto& name : classes_) {
    labels_.emplace(name, static_cast<std::int64_t>(labels_.size()));
  }
}

std::int64_t ClassLabels::label(const std::string& name,
                                const std::string& place,
                                FaultCounter& faults) const {
  const auto found = labels_.find(name);
  if (found != labels_.end()) return found->second;
  faults.fault("an object must be of a known class",
               quoted_name(name) + " " + place,
               "correct it or leave the object out");
  return -1;
}

void check_not_empty(bool is_empty, const std::string& what,
                     const std::map<std::string, std::int64_t>& skipped,
                     const std::string& where) {
  if (!is_empty) return;
  std::string words;
  for (const auto& [rule, count] : skipped) {
    words += (words.empty() ? "" : ", ") + std::to_string(count) + " times \"" +
             rule + "\"";
  }
  throw_file_error(where, "there must be " + what,
                   words.empty() ? "none" : "none but skipped ones: " + words,
                   "complete the files");
}

void check_not_empty(const AnnotatedSet& set, const std::string& where) {
  check_not_empty(set.images.empty(), "an image with its annotation",
                  set.skipped, where);
}

}  // namespace expandnet::data
