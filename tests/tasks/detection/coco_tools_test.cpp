// COCO's own tools on the same random detections.
#include <expandnet/tasks/detection/average_precision.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iomanip>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "files.h"
#include "python.h"

namespace expandnet::tasks {
namespace {

using data::AnnotatedObject;
using expandnet::testing::python_has;
using expandnet::testing::python_lacks;
using expandnet::testing::run_python;
using expandnet::testing::ScratchFolder;
using expandnet::testing::write_bytes;

constexpr int kToolsImages = 60;
constexpr int kToolsClasses = 4;

/// A list of JSON objects.
class JsonList {
 public:
  std::ostream& next() {
    text_ << (is_empty_ ? "[" : ",\n");
    is_empty_ = false;
    return text_ << std::setprecision(17);
  }
  [[nodiscard]] std::string text() const {
    return is_empty_ ? "[]" : text_.str() + "]";
  }

 private:
  std::ostringstream text_;
  bool is_empty_ = true;
};

std::string box_in_json(const Box& box) {
  std::ostringstream text;
  text << std::setprecision(17) << "\"bbox\": [" << box.left << ", " << box.top
       << ", " << box.width << ", " << box.height << "]";
  return text.str();
}

TEST(CocoTools, GiveTheSamePrecision) {
  if (!python_has("pycocotools")) GTEST_SKIP() << python_lacks("pycocotools");
  std::mt19937 random(5);
  std::uniform_real_distribution<double> uniform(0, 1);
  JsonList objects, detections, images;
  DetectionMatches matches(kToolsClasses, Protocol::kCoco);
  int id = 0;
  for (int image = 1; image <= kToolsImages; ++image) {
    images.next() << "{\"id\": " << image << "}";
    std::vector<AnnotatedObject> meant;
    std::vector<Detection> found;
    const auto count = static_cast<int>(12 * uniform(random));
    for (int i = 0; i < count; ++i) {
      AnnotatedObject object;
      object.box = {100 * uniform(random), 100 * uniform(random),
                    10 + 50 * uniform(random), 10 + 50 * uniform(random)};
      object.label = static_cast<std::int64_t>(kToolsClasses * uniform(random));
      object.crowd = uniform(random) < 0.15;
      meant.push_back(object);
      objects.next() << "{\"id\": " << ++id << ", \"image_id\": " << image
                     << ", \"category_id\": " << object.label + 1
                     << ", \"iscrowd\": " << object.crowd
                     << ", \"area\": " << object.box.width * object.box.height
                     << ", " << box_in_json(object.box) << "}";
    }
    for (int i = 0; i < 30; ++i) {
      Detection detection;
      detection.label =
          static_cast<std::int64_t>(kToolsClasses * uniform(random));
      detection.box = {100 * uniform(random), 100 * uniform(random), 30, 30};
      if (!meant.empty() && i % 2 == 0) {
        const auto& object = meant[static_cast<std::size_t>(i) % meant.size()];
        detection.label = object.label;
        detection.box = object.box;
        detection.box.left += 12 * (uniform(random) - 0.5);
        detection.box.width *= 0.8 + 0.4 * uniform(random);
      }
      // Coarse, so that many are equal.
      detection.score =
          static_cast<float>(static_cast<int>(40 * uniform(random))) / 64;
      found.push_back(detection);
      detections.next() << "{\"image_id\": " << image
                        << ", \"category_id\": " << detection.label + 1
                        << ", \"score\": " << detection.score << ", "
                        << box_in_json(detection.box) << "}";
    }
    matches.add(image, found, meant);
  }
  JsonList classes;
  for (int i = 1; i <= kToolsClasses; ++i) {
    classes.next() << "{\"id\": " << i << ", \"name\": \"" << i << "\"}";
  }
  const ScratchFolder folder;
  const auto truth = write_bytes(
      folder / "objects.json", "{\"images\": " + images.text() +
                                   ", \"annotations\": " + objects.text() +
                                   ", \"categories\": " + classes.text() + "}");
  const auto answer =
      write_bytes(folder / "detections.json", detections.text());
  ASSERT_TRUE(run_python({EXPANDNET_TESTS "/tasks/detection/coco_tools.py",
                          truth, answer, folder / "result.txt"}));
  std::ifstream result(folder / "result.txt");
  double mean = 0, at_half = 0, at_three_quarters = 0;
  result >> mean >> at_half >> at_three_quarters;

  const auto ours =
      average_precision(matches, Interpolation::kHundredAndOnePoints);
  EXPECT_GT(mean, 0.01);
  EXPECT_NEAR(ours.mean, mean, 1e-6);
  EXPECT_NEAR(ours.of_threshold[0], at_half, 1e-6);
  EXPECT_NEAR(ours.of_threshold[5], at_three_quarters, 1e-6);
}

}  // namespace
}  // namespace expandnet::tasks
