#include <expandnet/data/sets/voc_masks.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "data/sets/mask_pairs.h"
#include "data/sets/named_files.h"
#include "data/sets/voc_list.h"
#include "data/sets/voc_years.h"

namespace expandnet::data {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kVocIndices = 256;

IndexLabels voc_mask_labels() {
  IndexLabels labels(kVocIndices, -1);
  for (std::size_t i = 0; i < voc_mask_classes().size(); ++i) {
    labels[i] = static_cast<std::int16_t>(i);
  }
  labels[kIgnoredLabel] = kIgnoredLabel;
  return labels;
}

}  // namespace

const std::vector<std::string>& voc_mask_classes() {
  static const auto classes = [] {
    std::vector<std::string> names = {"background"};
    names.insert(names.end(), voc_classes().begin(), voc_classes().end());
    return names;
  }();
  return classes;
}

std::vector<std::string> voc_mask_folders(const std::string& root) {
  return find_voc_years(
      "voc_mask_folders", root,
      {"ImageSets/Segmentation", "JPEGImages", "SegmentationClass"});
}

MaskSet read_voc_masks(const std::vector<VocPart>& parts,
                       const MaskOptions& options) {
  const std::string where = "read_voc_masks";
  if (parts.empty()) {
    throw_argument_error(where, "there must be a part", "none",
                         "name a folder and its list");
  }
  std::vector<MaskPair> pairs;
  for (const auto& part : parts) {
    const fs::path folder = part.folder;
    const ListedImages images(where, (folder / "JPEGImages").string());
    const auto list =
        folder / "ImageSets" / "Segmentation" / (part.list + ".txt");
    for (const auto& [name, line] : read_voc_list(where, list.string())) {
      auto mask = (folder / "SegmentationClass" / (name + ".png")).string();
      std::error_code ignored;
      const bool has_mask = fs::is_regular_file(mask, ignored);
      auto image = images.find(name);
      auto place = quoted_name(name) + " " + line.text();
      if (image.empty()) {
        place += ", no " +
                 in_quotes((folder / "JPEGImages" / (name + ".*")).string());
      }
      if (!has_mask)
        place += (image.empty() ? " nor " : ", no ") + in_quotes(mask);
      pairs.push_back(
          {name, std::move(image), has_mask ? mask : "", std::move(place)});
    }
  }
  FaultCounter faults(where, options.faults);
  MaskSet set = {voc_mask_classes(), voc_mask_labels(), {}};
  add_mask_pairs(set, pairs, options, faults);
  return set;
}

}  // namespace expandnet::data
