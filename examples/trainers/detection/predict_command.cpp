#include <c10/core/ScalarType.h>
#include <expandnet/base/atomic_file.h>
#include <expandnet/data/images/image_file.h>
#include <expandnet/data/images/placement.h>
#include <expandnet/data/loading/box_targets.h>
#include <expandnet/tasks/detection/decode.h>
#include <expandnet/tasks/detection/detection_meter.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "command_line/checks.h"
#include "command_line/command_line.h"
#include "command_line/named_flag.h"
#include "drawing/boxes.h"
#include "drawing/png_writer.h"
#include "trainers/annotated/annotated_flags.h"
#include "trainers/annotated/image_inputs.h"
#include "trainers/app/runs/weights.h"
#include "trainers/app/settings/arguments.h"
#include "trainers/app/settings/configuration.h"
#include "trainers/detection/detection_images.h"
#include "trainers/detection/detection_trainer.h"
#include "trainers/detection/predictions.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

constexpr const char* kPredictions = "predictions.json";

struct PredictChoices {
  std::string run;
  ImageChoice images;
  std::string out = "predictions";
  tasks::SuppressOptions suppress = {/*threshold=*/0.25};
  data::Faults faults = data::Faults::kStop;
  DeviceChoice device = DeviceChoice::kAuto;
};

/// An image, and what is known to be in it.
struct Input {
  std::string path;
  std::optional<std::vector<data::AnnotatedObject>> meant;
  std::string picture = {};  ///< the name of what is made of it
};

/// Those that can be decoded, with names for their pictures, which replace none
/// of them.
std::vector<Input> checked_inputs(const std::vector<Input>& inputs,
                                  const PredictChoices& choices) {
  std::vector<Input> checked;
  std::vector<std::string> read;
  std::vector<fs::path> written;
  std::set<std::string> used;
  for (auto input : inputs) {
    const auto decode = [&] { decode_whole(input.path); };
    if (!can_be_read(choices.faults, decode)) continue;
    input.picture = picture_name(input.path, used);
    read.push_back(input.path);
    written.push_back(fs::path(choices.out) / input.picture);
    checked.push_back(std::move(input));
  }
  check_some_are_left(checked.size(), inputs.size());
  check_replaces_none(read, written);
  std::vector<std::string> pictures = {"index.html"};
  for (const auto& input : checked) pictures.push_back(input.picture);
  check_is_of_predictions(choices.out, pictures, {kPredictions});
  return checked;
}

std::vector<Input> images_of_set(const DetectionTrainer& trainer,
                                 const PredictChoices& choices) {
  const auto machine = set_up(trainer.settings, 1);
  const auto images = trainer.load_images(machine, choices.run);
  const auto all = dynamic_cast<const DetectionImages&>(*images).annotated(
      choices.images.set);
  std::vector<Input> inputs;
  for (const auto& image : choices.images.of_set(all)) {
    inputs.push_back({image.path, image.objects});
  }
  return inputs;
}

/// Finds what a net sees in one image after another.
class Predictor {
 public:
  Predictor(const DetectionTrainer& trainer, const PredictChoices& choices)
      : trainer_(trainer),
        suppress_(choices.suppress),
        machine_(set_up(trainer.settings, 1)),
        anchors_(trainer.anchors_of_run(choices.run)),
        net_(load_run(choices.run, trainer, trainer.classes_of_run(choices.run),
                      machine_.device)) {}

  /// In the pixels of the image.
  [[nodiscard]] std::vector<tasks::Detection> find(
      const data::ImageFile& file) const {
    const torch::NoGradGuard no_grad;
    const auto side = trainer_.image_size();
    const auto size = file.size();
    const auto placement = trainer_.evaluation().placement(size, {side, side});
    auto picture = data::place(file, placement);
    const auto pixels =
        torch::from_blob(picture.pixels.data(), {1, side, side, 3}, at::kByte)
            .to(machine_.device)
            .permute({0, 3, 1, 2});
    const auto output = net_.forward(pixels.to(at::kFloat) / 255);
    const auto area = data::to_image(
        placement,
        {0, 0, static_cast<double>(side), static_cast<double>(side)});
    double image[data::kImageColumns] = {};
    image[data::kImageHeight] = static_cast<double>(size.height);
    image[data::kImageWidth] = static_cast<double>(size.width);
    image[data::kPictureLeft] = area.left;
    image[data::kPictureTop] = area.top;
    image[data::kPictureWidth] = area.width;
    image[data::kPictureHeight] = area.height;
    auto found = tasks::detect(output.one(), anchors_, suppress_).front();
    for (auto& one : found) one = tasks::in_image(one, image);
    return found;
  }

 private:
  const DetectionTrainer& trainer_;
  tasks::SuppressOptions suppress_;
  Machine machine_;
  std::vector<tasks::Anchor> anchors_;
  train::Model net_;
};

int predict(const DetectionTrainer& trainer, const PredictChoices& choices) {
  const auto classes = trainer.class_names_of_run(choices.run);
  std::vector<Input> inputs;
  if (choices.images.set.empty()) {
    for (auto& path : images_of(choices.images.inputs)) {
      inputs.push_back({std::move(path), std::nullopt});
    }
  } else {
    inputs = images_of_set(trainer, choices);
  }
  inputs = checked_inputs(inputs, choices);
  const Predictor predictor(trainer, choices);
  const fs::path out = choices.out;
  make_folder(out);
  std::vector<Prediction> predictions;
  std::size_t objects = 0;
  for (auto& [path, meant, picture] : inputs) {
    // Boxes that are meant count in the pixels as they are stored.
    const data::ImageFile file(path, meant ? data::ExifOrientation::kIgnored
                                           : data::ExifOrientation::kApplied);
    Prediction prediction = {path, picture, file.size(), predictor.find(file),
                             std::move(meant)};
    auto image = data::place(file, data::stretch(file.size(), file.size()));
    for (const auto& found : prediction.found) {
      draw_box(image, found.box, color_of(found.label));
    }
    write_png((out / prediction.picture).string(), image);
    objects += prediction.found.size();
    predictions.push_back(std::move(prediction));
  }
  write_file_atomically((out / kPredictions).string(),
                        predictions_json(predictions, classes));
  const auto page = (out / "index.html").string();
  write_file_atomically(page, predictions_html(predictions, classes));
  std::cout << fmt::format("{} {} in {} {}: {}\n", objects,
                           objects == 1 ? "object" : "objects", inputs.size(),
                           inputs.size() == 1 ? "image" : "images", page);
  return 0;
}

}  // namespace

int predict_command(const Trainer& prototype, const Words& words) {
  CLI::App app(
      "Finds objects in images by the contracted weights of a finished run. "
      "Writes predictions.json, a PNG of each image with its boxes, and a page "
      "that shows them with names, index.html.",
      prototype.name() + " predict");
  PredictChoices choices;
  app.option_defaults()->always_capture_default();
  app.add_option("run", choices.run, "folder of the run")->required();
  add_image_choice(app, choices.images, prototype.sets(), "boxes");
  app.add_option("--out", choices.out, "folder for what is written");
  add_number(app, "--threshold", choices.suppress.threshold,
             "the lowest score of an object")
      ->check(share());
  add_number(app, "--nms", choices.suppress.overlap,
             "the highest IoU of two objects of a class")
      ->check(share());
  add_faults(app, choices.faults, "the command");
  add_named(app, "--device", choices.device, kDevices);
  try {
    app.parse(words.argc, words.argv);
    check_image_choice(choices.images);
  } catch (const CLI::ParseError& error) {
    return status_after(app, error);
  }
  const auto trainer = trainer_of_run(prototype, choices.run);
  trainer->settings.device = choices.device;
  return predict(dynamic_cast<const DetectionTrainer&>(*trainer), choices);
}

}  // namespace expandnet::examples
