// annotated_image.h: an image file and its annotated objects.
#pragma once

#include <expandnet/data/images/image.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace expandnet::data {

/// An object in an image. Its box is in pixels of the image; the first pixel
/// extends from 0 to 1. VOC counts pixels from 1 and includes both ends, so a
/// box from xmin to xmax starts at xmin - 1 here, ends at xmax, and has a width
/// of xmax - xmin + 1.
struct AnnotatedObject {
  Box box;
  std::int64_t label = 0;  ///< index of its class
  bool difficult = false;  ///< VOC: counts neither as hit nor as miss
  bool truncated = false;  ///< VOC: the object extends beyond its box
  bool crowd = false;      ///< COCO: the box contains many objects
};

struct AnnotatedImage {
  std::string path;
  std::string name;  ///< VOC: file name without extension; COCO: the id
  ImageSize size;    ///< as stated by the annotation
  std::vector<AnnotatedObject> objects;
};

/// Images that have not been read yet.
struct AnnotatedSet {
  std::vector<std::string> classes;
  std::vector<AnnotatedImage> images;
  /// Number of skipped faults for each rule, such as "a box must lie inside its
  /// image". Empty if faults stop the reader.
  std::map<std::string, std::int64_t> skipped = {};
  /// The first skipped fault of each rule: `"cow" in line 12 of "a.xml"`.
  std::map<std::string, std::string> first_skipped = {};
};

}  // namespace expandnet::data
