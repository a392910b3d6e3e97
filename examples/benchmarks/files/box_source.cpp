#include "benchmarks/files/box_source.h"

#include <c10/util/Exception.h>
#include <expandnet/base/atomic_file.h>
#include <expandnet/data/images/image_file.h>
#include <expandnet/data/sets/image_folder.h>
#include <expandnet/data/sets/voc.h>

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>
#include <vector>

#include "base/error.h"
#include "benchmarks/files/photos.h"

namespace expandnet::examples::bench {

namespace {

constexpr int kBoxesOfPhoto = 6;
constexpr int kClassesOfPhotos = 10;

/// A box that has between a tenth and a half of each side.
data::AnnotatedObject random_object(data::ImageSize size,
                                    std::mt19937& generator) {
  const auto below = [&](std::int64_t count) {
    return static_cast<double>(generator() % static_cast<std::uint32_t>(count));
  };
  data::AnnotatedObject object;
  auto& box = object.box;
  const auto height = static_cast<double>(size.height);
  const auto width = static_cast<double>(size.width);
  box.height = height * (0.1 + below(100) / 250);
  box.width = width * (0.1 + below(100) / 250);
  box.top = (height - box.height) * below(1000) / 1000;
  box.left = (width - box.width) * below(1000) / 1000;
  object.label = static_cast<std::int64_t>(below(kClassesOfPhotos));
  return object;
}

data::AnnotatedSet photos_with_boxes(const std::string& folder,
                                     std::int64_t count) {
  write_photos(folder, count);
  std::mt19937 generator(0);
  data::AnnotatedSet set;
  set.classes.resize(kClassesOfPhotos);
  for (const auto& file : data::scan_image_folder(folder).files) {
    data::AnnotatedImage image;
    image.path = file.path;
    image.size = data::ImageFile(file.path).size();
    for (int i = 0; i < kBoxesOfPhoto; ++i) {
      image.objects.push_back(random_object(image.size, generator));
    }
    set.images.push_back(std::move(image));
  }
  return set;
}

/// `count` images spread evenly over those of a list.
data::AnnotatedSet images_of_list(const FilesArguments& arguments) {
  auto set = data::read_voc({{arguments.data, arguments.list}});
  const auto all = static_cast<std::int64_t>(set.images.size());
  TORCH_CHECK(all >= arguments.images,
              error_message("expandnet-bench-files",
                            "--images must not be above the number of images",
                            std::to_string(arguments.images) + " for " +
                                std::to_string(all) + " in " + arguments.list +
                                " of \"" + arguments.data + "\""));
  std::vector<data::AnnotatedImage> chosen;
  for (std::int64_t i = 0; i < arguments.images; ++i) {
    chosen.push_back(
        set.images[static_cast<std::size_t>(i * all / arguments.images)]);
  }
  set.images = std::move(chosen);
  return set;
}

}  // namespace

BoxSource::BoxSource(const FilesArguments& arguments)
    : set_(std::make_shared<const data::AnnotatedSet>(
          arguments.data.empty()
              ? photos_with_boxes(scratch_.path().string(), arguments.images)
              : images_of_list(arguments))) {
  auto images = nlohmann::json::array();
  for (const auto& image : set_->images) {
    auto boxes = nlohmann::json::array();
    auto labels = nlohmann::json::array();
    for (const auto& [box, label, difficult, truncated, crowd] :
         image.objects) {
      boxes.push_back(
          {box.left, box.top, box.left + box.width, box.top + box.height});
      labels.push_back(label);
    }
    images.push_back(
        {{"path", image.path}, {"boxes", boxes}, {"labels", labels}});
  }
  write_file_atomically(list(), images.dump());
}

std::string BoxSource::list() const {
  return (scratch_.path() / "boxes.json").string();
}

}  // namespace expandnet::examples::bench
