#include <ATen/ops/from_blob.h>
#include <c10/core/ScalarType.h>
#include <c10/util/Exception.h>
#include <expandnet/base/atomic_file.h>
#include <expandnet/data/images/image_file.h>
#include <expandnet/data/images/mask_transforms.h>
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

#include "base/error.h"
#include "base/text.h"
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
#include "trainers/segmentation/mask_page.h"
#include "trainers/segmentation/segmentation_images.h"
#include "trainers/segmentation/segmentation_trainer.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

struct PredictMasksChoices {
  std::string run;
  ImageChoice images;
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
    stddev_ = of_channels(reading.stddev);
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
    const auto logits = net_.forward((pixels / 255 - mean_) / stddev_);
    const auto found = logits.one().argmax(1).to(at::kByte).cpu().contiguous();
    const auto* first = found.const_data_ptr<std::uint8_t>();
    return {first, first + found.numel()};
  }

 private:
  Machine machine_;
  train::Model net_;
  torch::Tensor mean_, stddev_;  ///< [3, 1, 1]
};

/// An image with the name of what is made of it, and the classes of its pixels
/// where they are known.
struct MaskInput {
  std::string path;
  std::string name;
  data::Image image;
  std::optional<data::LabelImage> meant;
};

/// Where the files of each kind go.
class MaskFolders {
 public:
  explicit MaskFolders(const fs::path& out) : out_(out) {}

  [[nodiscard]] fs::path masks() const { return out_ / "masks"; }
  [[nodiscard]] fs::path overlays() const { return out_ / "overlays"; }
  [[nodiscard]] fs::path meant() const { return out_ / "meant"; }
  [[nodiscard]] std::string page() const {
    return (out_ / "index.html").string();
  }
  /// A data set has masks, too, but no overlays.
  void check(bool with_meant) const {
    std::vector<std::string> written = {"masks", "overlays"};
    if (with_meant) written.insert(written.end(), {"meant", "index.html"});
    check_is_of_predictions(out_, written, {"masks", "overlays"});
    TORCH_CHECK(with_meant || !fs::exists(page()),
                error_message("--out",
                              "must not hold the page of a set, which would "
                              "show what is written now",
                              in_quotes(page()), "name another folder"));
  }
  void make(bool with_meant) const {
    make_folder(masks());
    make_folder(overlays());
    if (with_meant) make_folder(meant());
  }

 private:
  fs::path out_;
};

/// The images that are asked for, which are read one after another.
class MaskInputs {
 public:
  /// Takes those that can be decoded, with their masks. What is written of them
  /// replaces none.
  MaskInputs(const SegmentationTrainer& trainer,
             const PredictMasksChoices& choices, const MaskFolders& folders) {
    std::set<std::string> used;
    std::vector<std::string> read;
    std::vector<fs::path> written;
    auto asked = asked_for(trainer, choices);
    for (auto& image : asked) {
      if (!can_be_read(choices.faults, [&] { decode(image); })) continue;
      names_.push_back(picture_name(image.path, used));
      read.push_back(image.path);
      if (!image.mask.empty()) read.push_back(image.mask);
      for (const auto& folder :
           {folders.masks(), folders.overlays(), folders.meant()}) {
        written.push_back(folder / names_.back());
      }
      images_.push_back(std::move(image));
    }
    check_some_are_left(images_.size(), asked.size());
    check_replaces_none(read, written);
    folders.check(/*with_meant=*/!choices.images.set.empty());
  }

  [[nodiscard]] std::size_t size() const { return images_.size(); }
  [[nodiscard]] MaskInput read(std::size_t index) const {
    const auto& image = images_[index];
    if (!image.mask.empty()) {
      auto read = data::read_labelled(image.path, image.mask, labels_);
      return {image.path, names_[index], std::move(read.image),
              std::move(read.labels)};
    }
    const data::ImageFile file(image.path);
    const auto size = file.size();
    return {image.path, names_[index],
            data::place(file, data::stretch(size, size)), std::nullopt};
  }

 private:
  /// Files without masks, or images of a set with theirs.
  std::vector<data::MaskedImage> asked_for(const SegmentationTrainer& trainer,
                                           const PredictMasksChoices& choices) {
    std::vector<data::MaskedImage> asked;
    if (choices.images.set.empty()) {
      for (auto& path : images_of(choices.images.inputs)) {
        asked.push_back({std::move(path), /*mask=*/"", /*name=*/""});
      }
      return asked;
    }
    const auto machine = set_up(trainer.settings, 1);
    const auto images = trainer.load_images(machine, choices.run);
    const auto set = dynamic_cast<const SegmentationImages&>(*images).masked(
        choices.images.set);
    labels_ = set.labels;
    for (const auto& note : images->notes()) std::cout << note << "\n";
    return choices.images.of_set(set.images);
  }

  void decode(const data::MaskedImage& image) const {
    if (image.mask.empty()) return decode_whole(image.path);
    static_cast<void>(data::read_labelled(image.path, image.mask, labels_));
  }

  std::vector<data::MaskedImage> images_;
  std::vector<std::string> names_;  ///< of what is made of them
  data::IndexLabels labels_;
};

/// Writes what is found in an image, and returns it beside what is meant.
std::optional<JudgedMask> write_found(MaskInput input,
                                      const MaskPredictor& predictor,
                                      double opacity,
                                      const MaskFolders& folders) {
  auto& image = input.image;
  const auto mask = predictor.mask_of(image);
  write_mask((folders.masks() / input.name).string(), mask,
             {image.height, image.width});
  const auto write_over = [&](const fs::path& folder, data::Image under,
                              const std::vector<std::uint8_t>& classes) {
    draw_mask(under, classes, opacity);
    write_png((folder / input.name).string(), under);
    return (folder.filename() / input.name).string();
  };
  const auto found = write_over(folders.overlays(), image, mask);
  if (!input.meant) return std::nullopt;
  const auto& labels = input.meant->labels;
  JudgedMask judged = {input.path, found,
                       write_over(folders.meant(), image, labels)};
  judge(judged, mask, labels);
  return judged;
}

int predict_masks(const SegmentationTrainer& trainer,
                  const PredictMasksChoices& choices) {
  const MaskFolders folders(choices.out);
  const MaskInputs inputs(trainer, choices, folders);
  const MaskPredictor predictor(trainer, choices.run);
  folders.make(/*with_meant=*/!choices.images.set.empty());
  std::vector<JudgedMask> judged;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    auto image =
        write_found(inputs.read(i), predictor, choices.opacity, folders);
    if (image) judged.push_back(std::move(*image));
  }
  std::cout << fmt::format(
      "masks of {} {}: {}, and over the images: {}", inputs.size(),
      inputs.size() == 1 ? "image" : "images", folders.masks().string(),
      folders.overlays().string());
  if (!judged.empty()) {
    write_file_atomically(
        folders.page(),
        masks_html(judged, trainer.class_names_of_run(choices.run)));
    std::cout << ", beside what is meant: " << folders.page();
  }
  std::cout << '\n';
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
      "colours over the image. Of a set, also one with the classes that are "
      "meant, and a page that shows both, index.html.",
      trainer.name() + " predict");
  app.option_defaults()->always_capture_default();
  app.add_option("run", choices.run, "folder of the run")->required();
  add_image_choice(app, choices.images, trainer.sets(), "classes");
  app.add_option("--out", choices.out, "folder for what is written");
  add_number(app, "--opacity", choices.opacity,
             "share of the colours in what is over the image")
      ->check(share());
  trainer.add_tile(app);
  add_faults(app, choices.faults, "the command");
  add_named(app, "--device", choices.device, kDevices);
  try {
    app.parse(words.argc, words.argv);
    check_image_choice(choices.images);
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
