#include "trainers/segmentation/mask_sets.h"

#include <c10/util/Exception.h>
#include <expandnet/data/sets/cityscapes.h>
#include <expandnet/data/sets/mask_classes.h>
#include <expandnet/data/sets/mask_folder.h>
#include <expandnet/data/sets/voc_masks.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/read_file.h"
#include "base/text.h"
#include "trainers/annotated/sets.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

constexpr const char* kSetClasses = "classes.txt";

bool looks_like_voc(const fs::path& folder) {
  if (is_one_voc_year(folder.string())) return true;
  if (fs::is_directory(folder / "VOCdevkit")) return true;
  if (!fs::is_directory(folder)) return false;
  return std::any_of(fs::directory_iterator(folder), fs::directory_iterator(),
                     [](const fs::directory_entry& entry) {
                       return entry.path().filename().string().rfind("VOC",
                                                                     0) == 0 &&
                              is_one_voc_year(entry.path().string());
                     });
}

MaskDataset resolved(MaskDataset dataset, const std::string& folder) {
  if (dataset != MaskDataset::kAuto) return dataset;
  const fs::path root = folder;
  if (fs::is_directory(root / "leftImg8bit")) return MaskDataset::kCityscapes;
  if (looks_like_voc(root)) return MaskDataset::kVoc;
  TORCH_CHECK(fs::exists(root / kSetClasses),
              error_message("--data",
                            "must hold leftImg8bit of Cityscapes, a year of "
                            "VOC, or classes.txt beside images and masks",
                            "none of them in \"" + folder + "\""));
  return MaskDataset::kFolder;
}

ListChoice usual_voc_lists_of_masks(const std::string& folder) {
  if (is_one_voc_year(folder)) return lists_of_voc_year(folder, kMaskUse);
  const auto years = voc_years(folder, kMaskUse);
  const bool has_2012 = std::any_of(
      years.begin(), years.end(),
      [](const std::string& year) { return is_voc_year(year, "2012"); });
  if (has_2012) return {{"2012/train"}, {"2012/val"}, {}};
  return {{"train"}, {"val"}, {}};
}

ListChoice usual_mask_lists(MaskDataset dataset, const std::string& folder) {
  switch (resolved(dataset, folder)) {
    case MaskDataset::kCityscapes:
      return {{"train"}, {"val"}, {}};
    case MaskDataset::kVoc:
      return usual_voc_lists_of_masks(folder);
    default:
      return lists_in_folder(folder);
  }
}

/// The file that names other classes than VOC's: of `folder`, or else of the
/// years that are read; "" where there is none. Throws `c10::Error` for years
/// with different ones.
std::string classes_of_voc(const std::string& folder,
                           const std::vector<data::VocPart>& parts) {
  auto of_all = (fs::path(folder) / kSetClasses).string();
  if (fs::exists(of_all)) return of_all;
  const auto file_of = [](const data::VocPart& part) {
    auto file = (fs::path(part.folder) / kSetClasses).string();
    return fs::exists(file) ? file : std::string();
  };
  const auto text_of = [](const std::string& file) {
    return file.empty() ? std::string() : read_file(file);
  };
  auto first = file_of(parts.front());
  for (const auto& part : parts) {
    TORCH_CHECK(text_of(file_of(part)) == text_of(first),
                error_message("--data", "the years must have the same classes",
                              "another classes.txt, or none, in " +
                                  in_quotes(part.folder) + " than in " +
                                  in_quotes(parts.front().folder),
                              "put one beside the years"));
  }
  return first;
}

data::MaskSet read_voc_lists(const std::string& folder, const Lists& lists,
                             const data::MaskOptions& options) {
  const auto parts = voc_parts(folder, kMaskUse, lists);
  auto set = data::read_voc_masks(parts, options);
  const auto classes = classes_of_voc(folder, parts);
  if (!classes.empty()) {
    auto own = data::read_mask_classes(classes);
    set.classes = std::move(own.classes);
    set.labels = std::move(own.labels);
  }
  return set;
}

data::MaskSet read_mask_list(MaskDataset dataset, const std::string& folder,
                             const std::string& list,
                             const data::MaskOptions& options) {
  const fs::path root = folder;
  if (dataset == MaskDataset::kCityscapes) {
    check_has_list(list, {(root / "leftImg8bit" / list).string(),
                          (root / "gtFine" / list).string()});
    return data::read_cityscapes(folder, list, options);
  }
  const auto images = (root / list / "images").string();
  const auto masks = (root / list / "masks").string();
  check_has_list(list, {images, masks});
  return data::read_mask_folder(images, masks, (root / kSetClasses).string(),
                                options);
}

}  // namespace

ListChoice choose_mask_lists(MaskDataset dataset, const std::string& folder,
                             const ListChoice& named) {
  return choose_lists(named, [&] {
    auto usual = usual_mask_lists(dataset, folder);
    // Where there is no list to test on, that to validate on is it.
    if (usual.test.empty() && named.test.empty()) {
      std::swap(usual.test, usual.validation);
    }
    return usual;
  });
}

data::MaskSet read_masks(MaskDataset dataset, const std::string& folder,
                         const Lists& lists, data::Faults faults) {
  data::MaskOptions options;
  options.faults = faults;
  const auto which = resolved(dataset, folder);
  if (which == MaskDataset::kVoc) {
    return read_voc_lists(folder, lists, options);
  }
  data::MaskSet result;
  for (const auto& list : lists) {
    auto set = read_mask_list(which, folder, list, options);
    result.classes = std::move(set.classes);
    result.labels = std::move(set.labels);
    append_images(result, std::move(set));
  }
  return result;
}

}  // namespace expandnet::examples
