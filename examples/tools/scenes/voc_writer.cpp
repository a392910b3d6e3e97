#include "tools/scenes/voc_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "drawing/png_writer.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

/// Every tenth training picture is for validation.
constexpr std::int64_t kValidationShare = 10;

std::string scene_name(std::int64_t number) {
  const auto digits = std::to_string(number);
  constexpr std::size_t kDigits = 6;
  return std::string(kDigits - std::min(digits.size(), kDigits), '0') + digits;
}

void write_text(const std::string& path, const std::string& text) {
  errno = 0;
  std::ofstream file(path, std::ios::binary);
  if (!file) throw_system_error("open", path, errno);
  file << text;
  file.close();
  if (!file) throw_system_error("write", path, errno);
}

std::string element(const std::string& name, const std::string& text) {
  return "<" + name + ">" + text + "</" + name + ">";
}

std::string element(const std::string& name, std::int64_t value) {
  return element(name, std::to_string(value));
}

std::string annotation_of(const Scene& scene, const std::string& image) {
  std::string text = "<annotation>\n\t" + element("folder", "scenes") + "\n\t" +
                     element("filename", image) + "\n\t<size>\n\t\t" +
                     element("width", scene.image.width) + "\n\t\t" +
                     element("height", scene.image.height) + "\n\t\t" +
                     element("depth", 3) + "\n\t</size>\n\t" +
                     element("segmented", 1) + "\n";
  for (std::size_t i = 0; i < scene.objects.size(); ++i) {
    const auto& object = scene.objects[i];
    const auto left = static_cast<std::int64_t>(object.box.left);
    const auto top = static_cast<std::int64_t>(object.box.top);
    const auto width = static_cast<std::int64_t>(object.box.width);
    const auto height = static_cast<std::int64_t>(object.box.height);
    text += "\t<object>\n\t\t" +
            element("name",
                    scene_classes()[static_cast<std::size_t>(object.label)]) +
            "\n\t\t" + element("truncated", object.truncated ? 1 : 0) +
            "\n\t\t" + element("occluded", scene.occluded[i] ? 1 : 0) +
            "\n\t\t" + element("difficult", object.difficult ? 1 : 0) +
            "\n\t\t<bndbox>\n\t\t\t" + element("xmin", left + 1) + "\n\t\t\t" +
            element("ymin", top + 1) + "\n\t\t\t" +
            element("xmax", left + width) + "\n\t\t\t" +
            element("ymax", top + height) + "\n\t\t</bndbox>\n\t</object>\n";
  }
  return text + "</annotation>\n";
}

void write_scene(const fs::path& folder, const std::string& name,
                 const Scene& scene) {
  const data::ImageSize size = {scene.image.height, scene.image.width};
  const auto png = name + ".png";
  write_png((folder / "JPEGImages" / png).string(), scene.image);
  write_mask((folder / "SegmentationClass" / png).string(), scene.class_mask,
             size);
  write_mask((folder / "SegmentationObject" / png).string(), scene.object_mask,
             size);
  write_text((folder / "Annotations" / (name + ".xml")).string(),
             annotation_of(scene, png));
}

}  // namespace

void write_scenes(const std::string& folder, const ObjectPictures& training,
                  const ObjectPictures& test, const SceneCounts& counts,
                  const SceneOptions& options) {
  const fs::path root = folder;
  for (const auto* name :
       {"JPEGImages", "Annotations", "SegmentationClass", "SegmentationObject",
        "ImageSets/Main", "ImageSets/Segmentation"}) {
    std::error_code error;
    fs::create_directories(root / name, error);
    if (error)
      throw_system_error("make", (root / name).string(), error.value());
  }
  std::string classes = "ground\n";
  for (const auto& name : scene_classes()) classes += name + "\n";
  write_text((root / "classes.txt").string(), classes);
  std::vector<std::int64_t> for_training, for_validation, for_test;
  for (std::size_t i = 0; i < training.labels.size(); ++i) {
    const auto number = static_cast<std::int64_t>(i);
    (number % kValidationShare == kValidationShare - 1 ? for_validation
                                                       : for_training)
        .push_back(number);
  }
  for (std::size_t i = 0; i < test.labels.size(); ++i) {
    for_test.push_back(static_cast<std::int64_t>(i));
  }

  std::int64_t number = 0;
  const auto write_part = [&](const ObjectPictures& pictures,
                              const std::vector<std::int64_t>& pool,
                              std::int64_t count) {
    std::string names;
    for (std::int64_t i = 0; i < count; ++i) {
      const auto name = scene_name(++number);
      write_scene(root, name, compose_scene(pictures, pool, number, options));
      names += name + "\n";
    }
    return names;
  };
  const auto train = write_part(training, for_training, counts.train);
  const auto val = write_part(training, for_validation, counts.val);
  const auto of_test = write_part(test, for_test, counts.test);
  for (const auto* use : {"Main", "Segmentation"}) {
    const auto lists = root / "ImageSets" / use;
    write_text((lists / "train.txt").string(), train);
    write_text((lists / "val.txt").string(), val);
    write_text((lists / "trainval.txt").string(), train + val);
    write_text((lists / "test.txt").string(), of_test);
  }
}

}  // namespace expandnet::examples
