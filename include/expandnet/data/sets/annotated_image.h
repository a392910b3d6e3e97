// annotated_image.h: an image file and the objects that people marked in it.
#pragma once

#include <expandnet/data/images/image.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace expandnet::data {

/// An object in an image. Its box is in pixels of the image; the first pixel
/// reaches from 0 to 1, so that VOC's xmin to xmax, which count from 1, are
/// xmin - 1 to xmax here and xmax - xmin + 1 wide.
struct AnnotatedObject {
  Box box;
  std::int64_t label = 0;  ///< the place of its class in the classes
  bool difficult = false;  ///< VOC: neither a hit nor a miss
  bool truncated = false;  ///< VOC: the object goes on outside its box
  bool crowd = false;      ///< COCO: many objects in one box
};

struct AnnotatedImage {
  std::string path;
  std::string name;  ///< VOC: the file's without its ending; COCO: the id
  ImageSize size;    ///< as the annotation has it
  std::vector<AnnotatedObject> objects;
};

/// Images that are not read yet.
struct AnnotatedSet {
  std::vector<std::string> classes;
  std::vector<AnnotatedImage> images;
  /// How often something was skipped, by its rule: "a box must lie inside its
  /// image". Empty where errors stop the reader.
  std::map<std::string, std::int64_t> skipped = {};
  /// What the first of each rule was: `"cow" in line 12 of "a.xml"`.
  std::map<std::string, std::string> first_skipped = {};
};

}  // namespace expandnet::data
