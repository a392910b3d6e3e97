#include <expandnet/data/sets/voc.h>

#include <cstddef>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/read_file.h"
#include "base/text.h"
#include "data/sets/annotation_checks.h"
#include "data/sets/named_files.h"
#include "data/sets/voc_annotation.h"
#include "data/sets/voc_list.h"
#include "data/sets/voc_years.h"

namespace expandnet::data {

namespace {

namespace fs = std::filesystem;

/// An image, "" where it is missing, and the path of its annotation.
struct VocFiles {
  std::string name;
  std::string image;
  std::string annotation;
  std::string place;  ///< of a fault: where a list names it, or the file
};

std::vector<VocFiles> files_of_list(const VocPart& part,
                                    const std::string& where) {
  const fs::path folder = part.folder;
  const auto list = folder / "ImageSets" / "Main" / (part.list + ".txt");
  const ListedImages images(where, (folder / "JPEGImages").string());
  std::vector<VocFiles> files;
  for (const auto& [name, line] : read_voc_list(where, list.string())) {
    files.push_back({name, images.find(name),
                     (folder / "Annotations" / (name + ".xml")).string(),
                     quoted_name(name) + " " + line.text()});
  }
  return files;
}

std::vector<VocFiles> files_in_folders(const std::string& images,
                                       const std::string& annotations,
                                       const std::string& where) {
  std::vector<VocFiles> files;
  for (const auto& [name, image, annotation] :
       pair_files(files_by_name(where, "images", images, name_of_image),
                  files_by_name(where, "annotations", annotations,
                                names_without(".xml")))) {
    // One that is not there is named where it is expected.
    files.push_back({name, image,
                     annotation.empty()
                         ? (fs::path(annotations) / (name + ".xml")).string()
                         : annotation,
                     in_quotes(image)});
  }
  return files;
}

/// An annotation that has been read, and whose image is there.
struct VocImage {
  AnnotatedImage image;
  std::string annotation;  ///< its path
  std::vector<VocObject> objects;
};

void report(const WrongField& wrong, const std::string& place,
            FaultCounter& faults) {
  faults.fault(wrong.rule, wrong.value + " " + place, "correct it");
}

/// False where there is a fault that leaves the image out.
bool read_annotation(const VocFiles& files, bool check_sizes,
                     FaultCounter& faults, VocImage& read) {
  std::error_code ignored;
  if (!fs::is_regular_file(files.annotation, ignored)) {
    faults.fault("an image must have its annotation",
                 files.place + ", no " + in_quotes(files.annotation),
                 "add the file or remove the image");
    return false;
  }
  VocAnnotation annotation;
  const bool is_whole = faults.try_read(
      "an annotation must be XML with the root annotation", [&] {
        annotation = parse_voc_annotation(faults.where(), files.annotation,
                                          read_file(files.annotation));
      });
  if (!is_whole) return false;
  const auto size_place =
      FileLine{files.annotation, annotation.size_line}.text();
  if (annotation.wrong) {
    report(*annotation.wrong, size_place, faults);
    return false;
  }
  const auto width = annotation.width.value_or(0);
  const auto height = annotation.height.value_or(0);
  const bool has_size =
      width >= 1 && height >= 1 && width < 1e9 && height < 1e9;
  if (!has_size) {
    faults.fault("an annotation must state the size of its image",
                 "none " + size_place, "add width and height");
    return false;
  }
  read.image = {
      files.image,
      files.name,
      {static_cast<std::int64_t>(height), static_cast<std::int64_t>(width)},
      {}};
  if (!check_image(read.image, check_sizes, size_place, faults)) return false;
  read.annotation = files.annotation;
  read.objects = std::move(annotation.objects);
  return true;
}

/// The classes that the annotations name, sorted.
std::vector<std::string> classes_in(const std::vector<VocImage>& images) {
  std::set<std::string> names;
  for (const auto& image : images) {
    for (const auto& object : image.objects) {
      if (!object.name.empty()) names.insert(object.name);
    }
  }
  return {names.begin(), names.end()};
}

/// The name of a field that an object must have and has not; null if it is
/// whole.
const char* missing_field(const VocObject& object) {
  if (object.name.empty()) return "name";
  if (!object.xmin) return "xmin";
  if (!object.ymin) return "ymin";
  if (!object.xmax) return "xmax";
  return object.ymax ? nullptr : "ymax";
}

/// False where there is a fault that leaves the object out.
bool convert_object(const VocObject& object, ImageSize size,
                    const std::string& place, const ClassLabels& labels,
                    FaultCounter& faults, AnnotatedObject& converted) {
  if (object.wrong) {
    report(*object.wrong, place, faults);
    return false;
  }
  const auto* missing = missing_field(object);
  if (missing != nullptr) {
    faults.fault("an object must have a name and xmin, ymin, xmax and ymax",
                 std::string("no ") + missing + " " + place, "complete it");
    return false;
  }
  // Ends are included, and counted from 1.
  converted.box = {*object.ymin - 1, *object.xmin - 1,
                   *object.ymax - *object.ymin + 1,
                   *object.xmax - *object.xmin + 1};
  converted.difficult = object.difficult;
  converted.truncated = object.truncated;
  converted.label = labels.label(object.name, place, faults);
  return converted.label >= 0 && check_box(converted.box, size, place, faults);
}

AnnotatedSet read_voc_files(const std::vector<VocFiles>& files,
                            const AnnotationOptions& options,
                            FaultCounter faults) {
  std::vector<VocImage> images;
  for (const auto& each : files) {
    VocImage image;
    if (read_annotation(each, options.check_sizes, faults, image)) {
      images.push_back(std::move(image));
    }
  }
  const ClassLabels labels(options.classes.empty() ? classes_in(images)
                                                   : options.classes);
  AnnotatedSet set;
  set.classes = labels.classes();
  for (auto& image : images) {
    for (const auto& object : image.objects) {
      AnnotatedObject converted;
      if (convert_object(object, image.image.size,
                         FileLine{image.annotation, object.line}.text(), labels,
                         faults, converted)) {
        image.image.objects.push_back(converted);
      }
    }
    set.images.push_back(std::move(image.image));
  }
  set.skipped = faults.skipped();
  set.first_skipped = faults.first_skipped();
  check_not_empty(set, faults.where());
  return set;
}

}  // namespace

const std::vector<std::string>& voc_classes() {
  static const std::vector<std::string> classes = {
      "aeroplane",   "bicycle", "bird",  "boat",      "bottle",
      "bus",         "car",     "cat",   "chair",     "cow",
      "diningtable", "dog",     "horse", "motorbike", "person",
      "pottedplant", "sheep",   "sofa",  "train",     "tvmonitor"};
  return classes;
}

std::vector<std::string> voc_folders(const std::string& root) {
  return find_voc_years("voc_folders", root, {"Annotations"});
}

AnnotatedSet read_voc(const std::vector<VocPart>& parts,
                      const AnnotationOptions& options) {
  const std::string where = "read_voc";
  if (parts.empty()) {
    throw_argument_error(where, "there must be a part", "none",
                         "name a folder and its list");
  }
  std::vector<VocFiles> files;
  for (const auto& part : parts) {
    const auto of_part = files_of_list(part, where);
    files.insert(files.end(), of_part.begin(), of_part.end());
  }
  return read_voc_files(files, options, {where, options.faults});
}

AnnotatedSet read_voc_folder(const std::string& images,
                             const std::string& annotations,
                             const AnnotationOptions& options) {
  const std::string where = "read_voc_folder";
  return read_voc_files(files_in_folders(images, annotations, where), options,
                        {where, options.faults});
}

}  // namespace expandnet::data
