#include <expandnet/data/sets/mask_classes.h>
#include <expandnet/data/sets/mask_folder.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "data/sets/mask_pairs.h"
#include "data/sets/voc_list.h"

namespace expandnet::data {

namespace {

namespace fs = std::filesystem;

constexpr const char* kMaskFolder = "read_mask_folder";

/// Calls `visit(path)` for each file of a folder that is not hidden.
template <typename Visit>
void each_file(const std::string& folder, const Visit& visit) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().filename().string().front() != '.') visit(entry->path());
  }
  if (error) throw_system_error("list", folder, error.value());
}

}  // namespace

MaskSet read_mask_folder(const std::string& images, const std::string& masks,
                         const std::string& classes,
                         const MaskOptions& options) {
  MaskSet set;
  auto named_classes = read_mask_classes(classes);
  set.classes = std::move(named_classes.classes);
  set.labels = std::move(named_classes.labels);
  std::map<std::string, MaskPair> named;
  each_file(images, [&](const fs::path& path) {
    if (!is_image_ending(path.extension().string())) return;
    auto& image = named[path.stem().string()].image;
    if (!image.empty()) {
      throw_file_error(kMaskFolder, "images must have names of their own",
                       in_quotes(std::min(image, path.string())) + " and " +
                           in_quotes(std::max(image, path.string())),
                       "rename one");
    }
    image = path.string();
  });
  each_file(masks, [&](const fs::path& path) {
    const auto ending = path.extension().string();
    if (ending == ".png" || ending == ".PNG") {
      named[path.stem().string()].mask = path.string();
    }
  });
  std::vector<MaskPair> pairs;
  for (auto& [name, pair] : named) {
    pair.name = name;
    pair.place = in_quotes(pair.image.empty() ? pair.mask : pair.image);
    pairs.push_back(pair);
  }
  FaultCounter faults(kMaskFolder, options.faults);
  add_mask_pairs(set, pairs, options, faults);
  return set;
}

}  // namespace expandnet::data
