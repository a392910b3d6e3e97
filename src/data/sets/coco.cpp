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
#include "data/images/image_sizes.h"
#include "data/sets/annotation_checks.h"
#include "data/sets/coco_file.h"

namespace expandnet::data {

namespace {

struct CocoParts {
  std::vector<CocoImage> images;
  std::vector<CocoCategory> categories;
  std::vector<CocoAnnotation> annotations;
};

/// `in image 9 of "path"`, by its id or, without one, by its place.
std::string coco_place(const char* kind, const CocoElement& element,
                       const std::string& path) {
  return std::string("in ") + kind + " " +
         (element.id ? std::to_string(*element.id)
                     : "number " + std::to_string(element.number)) +
         " of " + in_quotes(path);
}

/// The ids that several elements have.
template <typename Element>
std::set<std::int64_t> repeated_ids(const std::vector<Element>& elements) {
  std::set<std::int64_t> once, again;
  for (const auto& element : elements) {
    if (element.id && !once.insert(*element.id).second) {
      again.insert(*element.id);
    }
  }
  return again;
}

/// Images, and where they are by their ids.
struct CocoImages {
  std::map<std::int64_t, std::size_t> places;
  std::set<std::int64_t> left_out;  ///< their annotations are no faults
};

/// False where there is a fault that leaves the image out. None of those that
/// share an id stays: nothing tells whose the annotations are.
bool is_whole_image(const CocoImage& image, const std::string& place,
                    const std::set<std::int64_t>& repeated,
                    FaultCounter& faults) {
  const std::string rule = "an image must have id, file_name, width and height";
  if (!image.wrong.empty()) {
    faults.fault(rule, image.wrong + " " + place, "complete or correct it");
    return false;
  }
  if (*image.width <= 0 || *image.height <= 0) {
    faults.fault(rule,
                 "a size of " + size_in_words({*image.height, *image.width}) +
                     " " + place,
                 "complete or correct it");
    return false;
  }
  if (repeated.count(*image.id) == 0) return true;
  faults.fault("an image must have an id of its own",
               quoted_name(*image.file_name) + " with that of another " + place,
               "remove one");
  return false;
}

CocoImages convert_images(const std::vector<CocoImage>& images,
                          const std::string& instances,
                          const std::string& folder, bool check_sizes,
                          FaultCounter& faults, AnnotatedSet& set) {
  CocoImages result;
  const auto repeated = repeated_ids(images);
  for (const auto& image : images) {
    const auto place = coco_place("image", image, instances);
    if (!is_whole_image(image, place, repeated, faults)) {
      if (image.id) result.left_out.insert(*image.id);
      continue;
    }
    AnnotatedImage converted = {
        (std::filesystem::path(folder) / *image.file_name).string(),
        std::to_string(*image.id),
        {*image.height, *image.width},
        {}};
    if (!check_image(converted, check_sizes, place, faults)) {
      result.left_out.insert(*image.id);
      continue;
    }
    result.places.emplace(*image.id, set.images.size());
    set.images.push_back(std::move(converted));
  }
  return result;
}

/// The name of each category by its id. Of categories that share one, none.
std::map<std::int64_t, std::string> names_of(
    const std::vector<CocoCategory>& categories, const std::string& instances,
    FaultCounter& faults) {
  std::map<std::int64_t, std::string> names;
  std::set<std::string> known;
  const auto repeated = repeated_ids(categories);
  for (const auto& category : categories) {
    const auto place = coco_place("category", category, instances);
    if (!category.wrong.empty()) {
      faults.fault("a category must have id and name",
                   category.wrong + " " + place, "complete or correct it");
    } else if (repeated.count(*category.id) != 0) {
      faults.fault(
          "a category must have an id of its own",
          quoted_name(*category.name) + " with that of another " + place,
          "remove one");
    } else if (category.name->find_first_of("\r\n") != std::string::npos) {
      faults.fault("the name of a category must be one line",
                   quoted_name(*category.name) + " " + place, "rename it");
    } else if (!known.insert(*category.name).second) {
      faults.fault("a category must have a name of its own",
                   quoted_name(*category.name) + " again " + place,
                   "rename one, or give its annotations to the other");
    } else {
      names.emplace(*category.id, *category.name);
    }
  }
  return names;
}

std::vector<std::string> classes_of(
    const std::map<std::int64_t, std::string>& names) {
  std::vector<std::string> classes;
  classes.reserve(names.size());
  for (const auto& [id, name] : names) classes.push_back(name);
  return classes;
}

CocoParts read_parts(const std::string& where, const std::string& instances) {
  CocoParts parts;
  const MappedFile file(instances);
  parse_coco(
      where, instances, file.bytes(),
      {[&](CocoImage each) { parts.images.push_back(std::move(each)); },
       [&](CocoCategory each) { parts.categories.push_back(std::move(each)); },
       [&](CocoAnnotation each) {
         parts.annotations.push_back(std::move(each));
       }});
  for (const auto& [name, is_empty] :
       {std::pair("images", parts.images.empty()),
        std::pair("categories", parts.categories.empty())}) {
    if (is_empty) {
      throw_file_error(where,
                       std::string("instances must hold an array ") + name,
                       "none in " + in_quotes(instances),
                       "give a file like instances_val2017.json");
    }
  }
  return parts;
}

/// Adds what is annotated to its image, or tells what is wrong with it.
class ObjectAdder {
 public:
  ObjectAdder(const CocoImages& images,
              const std::map<std::int64_t, std::string>& names,
              const ClassLabels& labels, AnnotatedSet& set,
              FaultCounter& faults)
      : images_(images),
        names_(names),
        labels_(labels),
        set_(set),
        faults_(faults) {}

  void add(const CocoAnnotation& annotation, const std::string& place) {
    if (!is_whole(annotation, place)) return;
    if (images_.left_out.count(*annotation.image_id) != 0) return;
    const auto found = images_.places.find(*annotation.image_id);
    if (found == images_.places.end()) {
      faults_.fault("an annotation must be of an image in the file",
                    std::to_string(*annotation.image_id) + " " + place,
                    "add the image or remove the annotation");
      return;
    }
    const auto name = names_.find(*annotation.category_id);
    if (name == names_.end()) {
      faults_.fault("an annotation must be of a category in the file",
                    std::to_string(*annotation.category_id) + " " + place,
                    "add the category or remove the annotation");
      return;
    }
    const auto [left, top, width, height] = *annotation.bbox;
    AnnotatedObject object;
    object.box = {top, left, height, width};
    object.crowd = annotation.iscrowd;
    object.label = labels_.label(name->second, place, faults_);
    auto& image = set_.images[found->second];
    if (object.label >= 0 &&
        check_box(object.box, image.size, place, faults_)) {
      image.objects.push_back(object);
    }
  }

 private:
  bool is_whole(const CocoAnnotation& annotation, const std::string& place) {
    if (!annotation.wrong.empty()) {
      faults_.fault("an annotation must have image_id, category_id and bbox",
                    annotation.wrong + " " + place, "complete or correct it");
    } else if (!annotation.wrong_crowd.empty()) {
      faults_.fault("iscrowd must be 0, 1, true or false",
                    annotation.wrong_crowd + " " + place, "correct it");
    }
    return annotation.wrong.empty() && annotation.wrong_crowd.empty();
  }

  const CocoImages& images_;
  const std::map<std::int64_t, std::string>& names_;
  const ClassLabels& labels_;
  AnnotatedSet& set_;
  FaultCounter& faults_;
};

}  // namespace

AnnotatedSet read_coco(const std::string& instances, const std::string& images,
                       const AnnotationOptions& options) {
  FaultCounter faults("read_coco", options.faults);
  const auto parts = read_parts(faults.where(), instances);
  AnnotatedSet set;
  const auto names = names_of(parts.categories, instances, faults);
  const ClassLabels labels(options.classes.empty() ? classes_of(names)
                                                   : options.classes);
  set.classes = labels.classes();
  const auto converted = convert_images(parts.images, instances, images,
                                        options.check_sizes, faults, set);
  ObjectAdder objects(converted, names, labels, set, faults);
  for (const auto& annotation : parts.annotations) {
    objects.add(annotation, coco_place("annotation", annotation, instances));
  }
  set.skipped = faults.skipped();
  set.first_skipped = faults.first_skipped();
  check_not_empty(set, faults.where());
  return set;
}

}  // namespace expandnet::data
