#include <expandnet/data/sets/cityscapes.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>

#include "base/error.h"
#include "base/text.h"
#include "data/sets/mask_pairs.h"

namespace expandnet::data {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCityscapesIndices = 34;
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
  return labels;
}

/// What is in a folder, without what is hidden.
std::vector<fs::path> entries_of(const std::string& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().filename().string().front() != '.') {
      entries.push_back(entry->path());
    }
  }
  if (error) throw_system_error("list", folder, error.value());
  return entries;
}

std::set<std::string> cities_in(const std::string& folder) {
  std::set<std::string> cities;
  for (const auto& entry : entries_of(folder)) {
    std::error_code ignored;
    if (fs::is_directory(entry, ignored)) {
      cities.insert(entry.filename().string());
    }
  }
  return cities;
}

/// The files of a city that end in `ending`, by what stands before it.
std::map<std::string, std::string> files_of_city(const fs::path& folder,
                                                 const std::string& ending) {
  std::map<std::string, std::string> files;
  for (const auto& entry : entries_of(folder.string())) {
    const auto name = entry.filename().string();
    if (name.size() <= ending.size()) continue;
    const auto end = name.size() - ending.size();
    if (name.compare(end, ending.size(), ending) == 0) {
      files[name.substr(0, end)] = entry.string();
    }
  }
  return files;
}

void add_city(const fs::path& images, const fs::path& masks,
              std::vector<MaskPair>& pairs) {
  std::map<std::string, MaskPair> city;
  for (const auto& [name, path] : files_of_city(images, kCityImage)) {
    city[name].image = path;
  }
  for (const auto& [name, path] : files_of_city(masks, kCityMask)) {
    city[name].mask = path;
  }
  for (auto& [name, pair] : city) {
    pair.name = name;
    pair.place = in_quotes(pair.image.empty() ? pair.mask : pair.image);
    pairs.push_back(pair);
  }
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
  FaultCounter faults("read_cityscapes", options.faults);
  std::vector<MaskPair> pairs;
  for (const auto& city : cities) {
    const bool has_images = with_images.count(city) != 0;
    if (has_images && with_masks.count(city) != 0) {
      add_city(images / city, masks / city, pairs);
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
