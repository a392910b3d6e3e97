#include <expandnet/data/sets/mask_classes.h>
#include <expandnet/data/sets/mask_folder.h>

#include <filesystem>
#include <utility>

#include "data/sets/mask_pairs.h"
#include "data/sets/named_files.h"

namespace expandnet::data {

MaskSet read_mask_folder(const std::string& images, const std::string& masks,
                         const std::string& classes,
                         const MaskOptions& options) {
  const std::string where = "read_mask_folder";
  MaskSet set;
  auto named_classes = read_mask_classes(classes);
  set.classes = std::move(named_classes.classes);
  set.labels = std::move(named_classes.labels);
  const auto path_in = [](const std::string& folder, const char* ending) {
    return [folder, ending](const std::string& name) {
      return (std::filesystem::path(folder) / (name + ending)).string();
    };
  };
  const auto pairs =
      mask_pairs(files_by_name(where, "images", images, name_of_image),
                 files_by_name(where, "masks", masks, names_without(".png")),
                 {path_in(images, ".*"), path_in(masks, ".png")});
  FaultCounter faults(where, options.faults);
  add_mask_pairs(set, pairs, options, faults);
  return set;
}

}  // namespace expandnet::data
