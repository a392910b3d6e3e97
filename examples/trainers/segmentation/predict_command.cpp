#include <ATen/ops/from_blob.h>
#include <c10/core/ScalarType.h>
#include <expandnet/data/images/image_file.h>
#include <expandnet/data/images/placement.h>
#include <expandnet/data/loading/mask_batches.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
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
#include "drawing/masks.h"
#include "drawing/png_writer.h"
#include "trainers/annotated/annotated_flags.h"
#include "trainers/annotated/image_inputs.h"
#include "trainers/app/runs/weights.h"
#include "trainers/app/settings/arguments.h"
#include "trainers/app/settings/configuration.h"
#include "trainers/segmentation/segmentation_trainer.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

struct PredictMasksChoices {
  std::string run;
  std::vector<std::string> inputs;
  std::string out = "predictions";
  double opacity = 0.5;
  data::Faults faults = data::Faults::kStop;
  DeviceChoice device = DeviceChoice::kAuto;
};

/// Gives one image after another its mask.
class MaskPredictor {
 public:
  MaskPredictor(const SegmentationTrainer& trainer, const std::string& run)
      : machine_(set_up(trainer.settings, 1)),
        net_(load_run(run, trainer, trainer.classes_of_run(run),
                      machine_.device)) {
    const data::MaskBatchOptions reading;  // as the net was trained
    const auto of_channels = [&](const std::vector<double>& values) {
      return torch::tensor(values, at::kFloat)
          .view({3, 1, 1})
          .to(machine_.device);
    };
    mean_ = of_channels(reading.mean);
    deviation_ = of_channels(reading.deviation);
  }

  /// The class of each pixel, [height, width].
  [[nodiscard]] std::vector<std::uint8_t> mask_of(data::Image& image) const {
    const torch::NoGradGuard no_grad;
    const auto pixels =
        torch::from_blob(image.pixels.data(), {1, image.height, image.width, 3},
                         at::kByte)
            .to(machine_.device)
            .permute({0, 3, 1, 2})
            .to(at::kFloat);
    const auto logits = net_.forward((pixels / 255 - mean_) / deviation_);
    const auto found = logits.one().argmax(1).to(at::kByte).cpu().contiguous();
    const auto* first = found.const_data_ptr<std::uint8_t>();
    return {first, first + found.numel()};
  }

 private:
  Machine machine_;
  train::Model net_;
  torch::Tensor mean_, deviation_;  ///< [3, 1, 1]
};

int predict_masks(const SegmentationTrainer& trainer,
                  const PredictMasksChoices& choices) {
  std::vector<std::string> paths, names;
  std::vector<fs::path> written;
  const auto masks = fs::path(choices.out) / "masks";
  const auto overlays = fs::path(choices.out) / "overlays";
  std::set<std::string> used;
  for (auto& path : images_of(choices.inputs)) {
    if (!can_be_decoded(path, choices.faults)) continue;
    names.push_back(picture_name(path, used));
    written.push_back(masks / names.back());
    written.push_back(overlays / names.back());
    paths.push_back(std::move(path));
  }
  check_replaces_none(paths, written);
  const MaskPredictor predictor(trainer, choices.run);
  make_folder(masks);
  make_folder(overlays);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const data::ImageFile file(paths[i]);
    const auto size = file.size();
    auto image = data::place(file, data::stretch(size, size));
    const auto mask = predictor.mask_of(image);
    draw_mask(image, mask, choices.opacity);
    write_mask((masks / names[i]).string(), mask, size);
    write_png((overlays / names[i]).string(), image);
  }
  std::cout << fmt::format("masks of {} {}: {}, and over the images: {}\n",
                           paths.size(), paths.size() == 1 ? "image" : "images",
                           masks.string(), overlays.string());
  return 0;
}

/// Reads the words into what was asked for and the settings of `trainer`.
/// Returns the status where the program ends at that.
std::optional<int> read_predict_words(const Words& words,
                                      SegmentationTrainer& trainer,
                                      PredictMasksChoices& choices) {
  CLI::App app(
      "Gives each pixel of images its class, by the contracted weights of a "
      "finished run. Writes a PNG of each image whose indices are the places "
      "of the classes in the run's classes.txt, from 0, and one with their "
      "colours over the image.",
      trainer.name() + " predict");
  app.option_defaults()->always_capture_default();
  app.add_option("run", choices.run, "folder of the run")->required();
  app.add_option("images", choices.inputs, "JPEG and PNG files, or folders")
      ->required();
  app.add_option("--out", choices.out, "folder for what is written");
  add_number(app, "--opacity", choices.opacity,
             "share of the colours in what is over the image")
      ->check(share());
  trainer.add_tile(app);
  add_faults(app, choices.faults, "the command");
  add_named(app, "--device", choices.device, kDevices);
  try {
    app.parse(words.argc, words.argv);
  } catch (const CLI::ParseError& error) {
    return status_after(app, error);
  }
  return std::nullopt;
}

}  // namespace

int predict_masks_command(const Trainer& prototype, const Words& words) {
  // The defaults of some flags are known after the run that they are for.
  PredictMasksChoices choices;
  auto trainer = prototype.clone();
  const auto read = [&] {
    return read_predict_words(
        words, dynamic_cast<SegmentationTrainer&>(*trainer), choices);
  };
  if (const auto status = read()) return *status;
  trainer = trainer_of_run(prototype, choices.run);
  if (const auto status = read()) return *status;
  trainer->settings.device = choices.device;
  return predict_masks(dynamic_cast<const SegmentationTrainer&>(*trainer),
                       choices);
}

}  // namespace expandnet::examples
