#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "command_line/checks.h"
#include "command_line/command_line.h"
#include "trainers/detection/anchors_file.h"
#include "trainers/detection/detection_trainer.h"

namespace expandnet::examples {

namespace {

constexpr std::int64_t kMostAnchors = 100;

/// "(1.08, 1.19) (3.42, 4.41), mean IoU 0.607"
std::string fit_in_words(const std::vector<tasks::Anchor>& anchors,
                         double iou) {
  return fmt::format("{}, mean IoU {:.3f}", in_words(anchors), iou);
}

}  // namespace

int anchors_command(const Trainer& prototype, const Words& words) {
  auto trainer = dynamic_cast<const DetectionTrainer&>(prototype);
  CLI::App app(
      "Fits anchors to the boxes of a data set's training images by k-means on "
      "IoU, and shows them beside those of the published YOLO-LITE.",
      trainer.name() + " anchors");
  app.option_defaults()->always_capture_default()->take_last();
  std::int64_t count = DetectionTrainer::kAnchors;
  app.add_option("--data", trainer.settings.data, "folder of the data set");
  trainer.add_data_flags(app);
  app.add_option("--count", count, "how many anchors")
      ->check(from_to(1, kMostAnchors));
  try {
    app.parse(words.argc, words.argv);
    trainer.check_data();
  } catch (const CLI::ParseError& error) {
    return status_after(app, error);
  }
  const auto set = trainer.training_boxes();
  std::vector<std::int64_t> places(set.images.size());
  std::iota(places.begin(), places.end(), std::int64_t{0});
  const auto cells = trainer.image_size() / 32;
  const auto shapes = shapes_in(set, places, static_cast<double>(cells));
  const auto fitted = tasks::fit_anchors(shapes, count, /*seed=*/0);
  std::cout << fmt::format("{} boxes in {} images, in cells of {}x{}\n",
                           shapes.size(), set.images.size(), cells, cells);
  std::cout << "fitted: " << fit_in_words(fitted.anchors, fitted.mean_iou)
            << "\n";
  const auto& published = tasks::yolo_lite_anchors();
  std::cout << "yolo-lite: "
            << fit_in_words(published, mean_iou(shapes, published)) << "\n";
  return 0;
}

}  // namespace expandnet::examples
