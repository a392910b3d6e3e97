#include <expandnet/data/sets/cityscapes.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <set>
#include <system_error>

#include "base/error.h"
#include "base/text.h"
#include "data/sets/mask_pairs.h"

namespace expandnet::data {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCityscapesIndices = 34;
constexpr const char* kCityscapes = "read_cityscapes";
constexpr const char* kCityImage = "_leftImg8bit.png";
constexpr const char* kCityMask = "_gtFine_labelIds.png";

/// The index of each trainId.
constexpr std::array<std::size_t, 19> kTrainedIndices = {
    7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33};

IndexLabels cityscapes_labels() {
  IndexLabels labels(kCityscapesIndices, kIgnoredLabel);
  for (std::size_t i = 0; i < kTrainedIndices.size(); ++i) {
    labels[kTrainedIndices[i]] = static_cast<std::int16_t>(i);
  }
  labels.resize(kIgnoredLabel + 1, -1);
  labels[kIgnoredLabel] = kIgnoredLabel;  // -1, a licence plate, as a byte
  return labels;
}

/// The folders in a folder, without hidden ones.
std::set<std::string> cities_in(const std::string& folder) {
  std::set<std::string> cities;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    const auto name = entry->path().filename().string();
    if (name.front() != '.' && entry->is_directory(ignored)) {
      cities.insert(name);
    }
  }
  if (error) throw_system_error("list", folder, error.value());
  return cities;
}

std::vector<MaskPair> pairs_of_city(const fs::path& images,
                                    const fs::path& masks) {
  const auto path_in = [](const fs::path& folder, const char* ending) {
    return [folder, ending](const std::string& name) {
      return (folder / (name + ending)).string();
    };
  };
  return mask_pairs(files_by_name(kCityscapes, "images", images.string(),
                                  names_without(kCityImage)),
                    files_by_name(kCityscapes, "masks", masks.string(),
                                  names_without(kCityMask)),
                    {path_in(images, kCityImage), path_in(masks, kCityMask)});
}

}  // namespace

const std::vector<std::string>& cityscapes_classes() {
  static const std::vector<std::string> classes = {
      "road", "sidewalk",      "building",     "wall",       "fence",
      "pole", "traffic light", "traffic sign", "vegetation", "terrain",
      "sky",  "person",        "rider",        "car",        "truck",
      "bus",  "train",         "motorcycle",   "bicycle"};
  return classes;
}

MaskSet read_cityscapes(const std::string& root, const std::string& split,
                        const MaskOptions& options) {
  const auto images = fs::path(root) / "leftImg8bit" / split;
  const auto masks = fs::path(root) / "gtFine" / split;
  const auto with_images = cities_in(images.string());
  const auto with_masks = cities_in(masks.string());
  auto cities = with_images;
  cities.insert(with_masks.begin(), with_masks.end());
  FaultCounter faults(kCityscapes, options.faults);
  std::vector<MaskPair> pairs;
  for (const auto& city : cities) {
    const bool has_images = with_images.count(city) != 0;
    if (has_images && with_masks.count(city) != 0) {
      const auto of_city = pairs_of_city(images / city, masks / city);
      pairs.insert(pairs.end(), of_city.begin(), of_city.end());
      continue;
    }
    const auto& there = has_images ? images : masks;
    const auto& missing = has_images ? masks : images;
    faults.fault("a city must have images and masks",
                 in_quotes((there / city).string()) + ", no " +
                     in_quotes((missing / city).string()),
                 "complete the set or remove the city");
  }
  MaskSet set = {cityscapes_classes(), cityscapes_labels(), {}};
  add_mask_pairs(set, pairs, options, faults);
  return set;
}

}  // namespace expandnet::data
