#include "trainers/detection/box_sets.h"

#include <c10/util/Exception.h>
#include <expandnet/data/sets/coco.h>
#include <expandnet/data/sets/voc.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <set>
#include <utility>

#include "base/error.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// Whether the folder is that of one year itself.
bool is_one_year(const std::string& folder) {
  return fs::is_directory(fs::path(folder) / "ImageSets");
}

bool has_list(const std::string& year, const std::string& list) {
  return fs::exists(fs::path(year) / "ImageSets" / "Main" / (list + ".txt"));
}

/// "2007/test" or, of all years, "test", as lists in folders.
std::vector<data::VocPart> parts_of(const std::string& root,
                                    const BoxLists& lists) {
  const auto years = data::voc_folders(root);
  std::vector<data::VocPart> parts;
  for (const auto& name : lists) {
    const auto slash = name.find('/');
    const bool of_all = slash == std::string::npos;
    const auto year = of_all ? std::string() : name.substr(0, slash);
    const auto list = of_all ? name : name.substr(slash + 1);
    const auto before = parts.size();
    for (const auto& folder : years) {
      if (of_all || ends_with(folder, year)) parts.push_back({folder, list});
    }
    TORCH_CHECK(parts.size() > before,
                error_message("--data", "must hold the year of " + name,
                              "none in \"" + root + "\""));
  }
  return parts;
}

BoxListChoice usual_voc_lists(const std::string& folder) {
  BoxListChoice usual;
  if (is_one_year(folder)) {
    usual.training = {"train"};
    for (const auto& [list, name] :
         {std::pair<BoxLists*, std::string>{&usual.validation, "val"},
          {&usual.test, "test"}}) {
      if (has_list(folder, name)) *list = {name};
    }
    return usual;
  }
  for (const auto& year : data::voc_folders(folder)) {
    for (const auto* number : {"2007", "2012"}) {
      if (!ends_with(year, number)) continue;
      if (has_list(year, "trainval")) {
        usual.training.push_back(std::string(number) + "/trainval");
      }
    }
    if (ends_with(year, "2007") && has_list(year, "test")) {
      usual.test = {"2007/test"};
    }
  }
  if (usual.training.empty()) usual.training = {"trainval"};
  return usual;
}

BoxListChoice usual_lists(BoxDataset dataset, const std::string& folder) {
  if (dataset == BoxDataset::kVoc) return usual_voc_lists(folder);
  if (dataset == BoxDataset::kCoco) return {{"train2017"}, {}, {"val2017"}};
  BoxListChoice usual = {{"train"}, {}, {}};
  if (fs::is_directory(fs::path(folder) / "val")) usual.validation = {"val"};
  if (fs::is_directory(fs::path(folder) / "test")) usual.test = {"test"};
  return usual;
}

data::AnnotatedSet read_list(BoxDataset dataset, const std::string& folder,
                             const std::string& list,
                             const data::AnnotationOptions& options) {
  const fs::path root = folder;
  if (dataset == BoxDataset::kCoco) {
    return data::read_coco(
        (root / "annotations" / ("instances_" + list + ".json")).string(),
        (root / list).string(), options);
  }
  const auto own = root / list;
  if (fs::is_directory(own / "images")) {
    return data::read_voc_folder((own / "images").string(),
                                 (own / "annotations").string(), options);
  }
  return data::read_voc_folder(own.string(), own.string(), options);
}

}  // namespace

BoxListChoice choose_lists(BoxDataset dataset, const std::string& folder,
                           const BoxListChoice& named) {
  auto lists = named;
  // What is named is asked of no folder: it may hold something else.
  if (!named.training.empty() && !named.validation.empty() &&
      !named.test.empty()) {
    return lists;
  }
  const auto usual = usual_lists(dataset, folder);
  if (lists.training.empty()) {
    lists.training = usual.training;
    if (lists.validation.empty()) lists.validation = usual.validation;
  }
  if (lists.test.empty()) lists.test = usual.test;
  return lists;
}

data::AnnotatedSet read_boxes(BoxDataset dataset, const std::string& folder,
                              const BoxLists& lists,
                              const data::AnnotationOptions& options) {
  if (dataset == BoxDataset::kVoc) {
    return data::read_voc(parts_of(folder, lists), options);
  }
  std::vector<data::AnnotatedSet> sets;
  for (const auto& list : lists) {
    sets.push_back(read_list(dataset, folder, list, options));
  }
  std::vector<data::AnnotatedSet*> all;
  for (auto& set : sets) all.push_back(&set);
  unite_classes(all);
  data::AnnotatedSet result;
  for (auto& set : sets) {
    result.classes = set.classes;
    std::move(set.images.begin(), set.images.end(),
              std::back_inserter(result.images));
    for (const auto& [rule, count] : set.skipped) result.skipped[rule] += count;
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
