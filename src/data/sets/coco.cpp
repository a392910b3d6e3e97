#include <expandnet/data/sets/coco.h>

#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "data/sets/annotation_checks.h"
#include "data/sets/coco_file.h"

namespace expandnet::data {

namespace {

struct CocoParts {
  std::vector<CocoImage> images;
  std::vector<CocoCategory> categories;
  std::vector<CocoAnnotation> annotations;
};

/// The place of each image by its id.
using CocoPlaces = std::map<std::int64_t, std::size_t>;

CocoPlaces convert_images(const std::vector<CocoImage>& images,
                          const std::string& instances,
                          const std::string& folder, bool check_sizes,
                          FaultCounter& faults, AnnotatedSet& set,
                          std::set<std::int64_t>& left_out) {
  CocoPlaces places;
  for (const auto& image : images) {
    const FileLine line = {instances, image.line};
    const bool is_whole = image.id && image.file_name &&
                          image.width.value_or(0) > 0 &&
                          image.height.value_or(0) > 0;
    if (!is_whole) {
      faults.fault("an image must have id, file_name, width and height",
                   "none of one or more " + line.text(), "complete it");
      continue;
    }
    if (places.count(*image.id) != 0 || left_out.count(*image.id) != 0) {
      faults.fault("an image must have an id of its own",
                   std::to_string(*image.id) + " again " + line.text(),
                   "remove one");
      continue;
    }
    AnnotatedImage converted = {
        (std::filesystem::path(folder) / *image.file_name).string(),
        std::to_string(*image.id),
        {*image.height, *image.width},
        {}};
    if (!check_image(converted, check_sizes, line, faults)) {
      left_out.insert(*image.id);
      continue;
    }
    places.emplace(*image.id, set.images.size());
    set.images.push_back(std::move(converted));
  }
  return places;
}

/// The name of each category by its id.
std::map<std::int64_t, std::string> names_of(
    const std::vector<CocoCategory>& categories, const std::string& instances,
    FaultCounter& faults) {
  std::map<std::int64_t, std::string> names;
  for (const auto& category : categories) {
    const FileLine line = {instances, category.line};
    if (!category.id || !category.name) {
      faults.fault("a category must have id and name",
                   "none of one or more " + line.text(), "complete it");
    } else if (!names.emplace(*category.id, *category.name).second) {
      faults.fault("a category must have an id of its own",
                   std::to_string(*category.id) + " again " + line.text(),
                   "remove one");
    }
  }
  return names;
}

std::vector<std::string> classes_of(
    const std::map<std::int64_t, std::string>& names) {
  std::vector<std::string> classes;
  for (const auto& [id, name] : names) classes.push_back(name);
  return classes;
}

}  // namespace

AnnotatedSet read_coco(const std::string& instances, const std::string& images,
                       const AnnotationOptions& options) {
  FaultCounter faults("read_coco", options.faults);
  CocoParts parts;
  const MappedFile file(instances);
  parse_coco(
      faults.where(), instances, file.bytes(),
      {[&](CocoImage each) { parts.images.push_back(std::move(each)); },
       [&](CocoCategory each) { parts.categories.push_back(std::move(each)); },
       [&](const CocoAnnotation& each) { parts.annotations.push_back(each); }});
  for (const auto& [name, is_empty] :
       {std::pair("images", parts.images.empty()),
        std::pair("categories", parts.categories.empty())}) {
    if (is_empty) {
      throw_file_error(faults.where(),
                       std::string("instances must hold an array ") + name,
                       "none in " + in_quotes(instances),
                       "give a file like instances_val2017.json");
    }
  }
  AnnotatedSet set;
  const auto names = names_of(parts.categories, instances, faults);
  const ClassLabels labels(options.classes.empty() ? classes_of(names)
                                                   : options.classes);
  set.classes = labels.classes();
  std::set<std::int64_t> left_out;
  const auto places =
      convert_images(parts.images, instances, images, options.check_sizes,
                     faults, set, left_out);
  for (const auto& annotation : parts.annotations) {
    const FileLine line = {instances, annotation.line};
    if (!annotation.image_id || !annotation.category_id || !annotation.bbox) {
      faults.fault("an annotation must have image_id, category_id and bbox",
                   "none of one or more " + line.text(), "complete it");
      continue;
    }
    if (left_out.count(*annotation.image_id) != 0) continue;
    const auto place = places.find(*annotation.image_id);
    if (place == places.end()) {
      faults.fault("an annotation must be of an image in the file",
                   std::to_string(*annotation.image_id) + " " + line.text(),
                   "add the image or remove the annotation");
      continue;
    }
    const auto name = names.find(*annotation.category_id);
    if (name == names.end()) {
      faults.fault("an annotation must be of a category in the file",
                   std::to_string(*annotation.category_id) + " " + line.text(),
                   "add the category or remove the annotation");
      continue;
    }
    const auto [left, top, width, height] = *annotation.bbox;
    AnnotatedObject object;
    object.box = {top, left, height, width};
    object.crowd = annotation.iscrowd;
    object.label = labels.label(name->second, line, faults);
    auto& image = set.images[place->second];
    if (object.label >= 0 && check_box(object.box, image.size, line, faults)) {
      image.objects.push_back(object);
    }
  }
  set.skipped = faults.skipped();
  check_not_empty(set, faults.where());
  return set;
}

}  // namespace expandnet::data
