#include "trainers/detection/box_sets.h"

#include <c10/util/Exception.h>
#include <expandnet/data/sets/coco.h>
#include <expandnet/data/sets/voc.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <set>
#include <utility>

#include "base/error.h"
#include "trainers/annotated/sets.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

ListChoice usual_voc_lists(const std::string& folder) {
  if (is_one_voc_year(folder)) return lists_of_voc_year(folder, kBoxUse);
  ListChoice usual;
  for (const auto& year : voc_years(folder, kBoxUse)) {
    for (const auto* number : {"2007", "2012"}) {
      if (!is_voc_year(year, number)) continue;
      if (has_voc_list(year, kBoxUse, "trainval")) {
        usual.training.push_back(std::string(number) + "/trainval");
      }
    }
    if (is_voc_year(year, "2007") && has_voc_list(year, kBoxUse, "test")) {
      usual.test = {"2007/test"};
    }
  }
  if (usual.training.empty()) usual.training = {"trainval"};
  return usual;
}

ListChoice usual_box_lists(BoxDataset dataset, const std::string& folder) {
  if (dataset == BoxDataset::kVoc) return usual_voc_lists(folder);
  if (dataset == BoxDataset::kCoco) return {{"train2017"}, {}, {"val2017"}};
  return lists_in_folder(folder);
}

data::AnnotatedSet read_list(BoxDataset dataset, const std::string& folder,
                             const std::string& list,
                             const data::AnnotationOptions& options) {
  const fs::path root = folder;
  if (dataset == BoxDataset::kCoco) {
    const auto instances =
        (root / "annotations" / ("instances_" + list + ".json")).string();
    check_has_list(list, {instances, (root / list).string()});
    return data::read_coco(instances, (root / list).string(), options);
  }
  const auto own = root / list;
  check_has_list(list, {own.string()});
  if (fs::is_directory(own / "images")) {
    return data::read_voc_folder((own / "images").string(),
                                 (own / "annotations").string(), options);
  }
  return data::read_voc_folder(own.string(), own.string(), options);
}

}  // namespace

ListChoice choose_box_lists(BoxDataset dataset, const std::string& folder,
                            const ListChoice& named) {
  return choose_lists(named, [&] { return usual_box_lists(dataset, folder); });
}

data::AnnotatedSet read_boxes(BoxDataset dataset, const std::string& folder,
                              const Lists& lists,
                              const data::AnnotationOptions& options) {
  if (dataset == BoxDataset::kVoc) {
    return data::read_voc(voc_parts(folder, kBoxUse, lists), options);
  }
  std::vector<data::AnnotatedSet> sets;
  sets.reserve(lists.size());
  for (const auto& list : lists) {
    sets.push_back(read_list(dataset, folder, list, options));
  }
  std::vector<data::AnnotatedSet*> all;
  all.reserve(sets.size());
  for (auto& set : sets) all.push_back(&set);
  unite_classes(all);
  data::AnnotatedSet result;
  for (auto& set : sets) {
    result.classes = set.classes;
    append_images(result, std::move(set));
  }
  return result;
}

void unite_classes(const std::vector<data::AnnotatedSet*>& sets) {
  std::set<std::string> names;
  for (const auto* set : sets) {
    names.insert(set->classes.begin(), set->classes.end());
  }
  if (sets.empty()) return;
  auto classes = sets.front()->classes;
  if (classes.size() < names.size()) classes = {names.begin(), names.end()};
  for (auto* set : sets) {
    if (set->classes == classes) continue;
    std::vector<std::int64_t> labels;
    for (const auto& name : set->classes) {
      labels.push_back(std::find(classes.begin(), classes.end(), name) -
                       classes.begin());
    }
    for (auto& image : set->images) {
      for (auto& object : image.objects) {
        object.label = labels[static_cast<std::size_t>(object.label)];
      }
    }
    set->classes = classes;
  }
}

}  // namespace expandnet::examples
