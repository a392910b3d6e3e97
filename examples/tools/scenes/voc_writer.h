// voc_writer.h: a set of scenes in the layout of PASCAL VOC.
#pragma once

#include <cstdint>
#include <string>

#include "tools/scenes/scene.h"

namespace expandnet::examples {

/// How many scenes each list has.
struct SceneCounts {
  std::int64_t train = 1000;
  std::int64_t val = 200;
  std::int64_t test = 500;
};

/// Composes the scenes and writes, into `folder`, JPEGImages (as PNG),
/// Annotations, SegmentationClass, SegmentationObject, the lists train, val,
/// trainval and test of ImageSets/Main and ImageSets/Segmentation, and
/// classes.txt, which names the indices of the masks in SegmentationClass.
/// Files of the same names are replaced. Scenes of train and val are made of
/// other pictures of `training`, those of test of `test`.
///
/// Throws `std::runtime_error` where a file cannot be written, and as
/// `compose_scene` does.
void write_scenes(const std::string& folder, const ObjectPictures& training,
                  const ObjectPictures& test, const SceneCounts& counts,
                  const SceneOptions& options);

/// The pictures of Fashion-MNIST in `folder`, of training or test. Throws as
/// `data::load_fashion_mnist` does.
[[nodiscard]] ObjectPictures load_pictures(const std::string& folder,
                                           bool training);

}  // namespace expandnet::examples
