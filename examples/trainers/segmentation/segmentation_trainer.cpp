#include "trainers/segmentation/segmentation_trainer.h"

#include <c10/util/Exception.h>
#include <expandnet/models/unet_recipes.h>
#include <expandnet/tasks/segmentation/confusion.h>
#include <expandnet/tasks/segmentation/segmentation_meter.h>
#include <expandnet/tasks/segmentation/tiles.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "command_line/checks.h"
#include "command_line/named_flag.h"
#include "trainers/app/runs/grid.h"
#include "trainers/app/runs/kept_file.h"
#include "trainers/app/runs/run_files.h"
#include "trainers/app/settings/class_list.h"
#include "trainers/app/settings/configuration.h"
#include "trainers/segmentation/segmentation_images.h"

namespace expandnet::examples {

namespace {

constexpr Named<models::UpSampling> kUpSamplings[] = {
    {models::UpSampling::kTransposed, "transposed"},
    {models::UpSampling::kBilinear, "bilinear"}};
constexpr Named<ClassWeightChoice> kClassWeightChoices[] = {
    {ClassWeightChoice::kNone, "none"},
    {ClassWeightChoice::kMedianFrequency, "median-frequency"}};

/// "  93.10%", or "-" where there is none.
std::string score_column(const std::optional<double>& score) {
  return fmt::format("{:>10}",
                     score ? fmt::format("{:.2f}%", 100 * *score) : "-");
}

/// Of training images.
CLI::Validator scale() {
  return number_that(
      fmt::format("must be above 0 and at most {}", data::kMaxMaskScale),
      "SCALE", [](double number) {
        return number > 0 && number <= data::kMaxMaskScale;
      });
}

std::size_t longest_name(const std::vector<std::string>& names) {
  std::size_t longest = 0;
  for (const auto& name : names) longest = std::max(longest, name.size());
  return longest;
}

}  // namespace

SegmentationTrainer::SegmentationTrainer() {
  settings.by_ranks = true;
  settings.classifies = false;
  settings.memory_format = MemoryFormatChoice::kChannelsLast;  // as read
}

std::unique_ptr<Trainer> SegmentationTrainer::clone() const {
  return std::make_unique<SegmentationTrainer>(*this);
}

void SegmentationTrainer::add_flags(CLI::App& app) {
  add_named(app, "--dataset", dataset_, kMaskDatasets,
            "cityscapes: leftImg8bit and gtFine; voc: VOCdevkit, or a folder "
            "with ImageSets, JPEGImages and SegmentationClass; folder: "
            "NAME/images, NAME/masks and classes.txt; auto: detected from "
            "the folders");
  add_training_lists(app, reading_,
                     "of VOC train or 2012/train; by default train");
  add_faults(app, reading_.faults, "the run");
  add_reading_flags(app);
  app.add_option("--crop", crop_,
                 "height and width of the crops that are trained on, or one "
                 "number for both")
      // More are read as well, to refuse them: CLI11 would drop all but two.
      // The last --crop counts as a whole.
      ->expected(1, -1)
      ->trigger_on_parse()
      ->check(positive());
  add_number(app, "--min-scale", transform_.min_scale,
             "the least that training images are scaled by")
      ->check(scale());
  add_number(app, "--max-scale", transform_.max_scale,
             "the most that training images are scaled by")
      ->check(scale());
  add_color_flags(app, transform_);
  app.add_option("--width", width_,
                 "channels of the first stage; each further down has twice as "
                 "many")
      ->check(positive());
  app.add_option("--batch-norm", batch_norm_,
                 "true: BatchNorm after each 3x3 convolution");
  add_named(app, "--up-sampling", up_sampling_, kUpSamplings,
            "a transposed convolution, or a 1x1 convolution and bilinear "
            "interpolation");
  add_named(app, "--class-weights", class_weights_, kClassWeightChoices,
            "class weights of the training's cross entropy; median-frequency: "
            "rare classes weigh more, by their share of the training masks");
  add_number(app, "--dice", dice_,
             "weight of the Dice loss; the cross entropy has 1")
      ->check(not_negative());
}

void SegmentationTrainer::add_reading_flags(CLI::App& app) {
  add_test_lists(app, reading_,
                 "by default val of Cityscapes and VOC2012, test of another "
                 "folder, or val where that is not there");
  add_tile(app);
}

void SegmentationTrainer::add_tile(CLI::App& app) {
  app.add_option("--tile", tile_,
                 "side of the tiles in which large images are evaluated, a "
                 "multiple of 16; 0: whole images. Results are "
                 "the same, with less memory")
      ->check(not_negative())
      ->check(number_that("must be a multiple of 16", "MULTIPLE OF 16",
                          [](double side) {
                            return static_cast<std::int64_t>(side) %
                                       models::UNetImpl::kStride ==
                                   0;
                          }));
}

void SegmentationTrainer::add_evaluation_flags(CLI::App& app) {
  add_reading_flags(app);
  add_faults(app, reading_.faults, "the evaluation");
  app.add_option("--batch-size", settings.batch_size, "images at a time")
      ->check(positive());
}

void SegmentationTrainer::set_defaults(Command command) {
  settings.expand = {"paper"};
  if (command == Command::kCompare) settings.expand = {"none", "paper"};
  settings.lr = 0.01;
  settings.weight_decay = 1e-4;
  settings.batch_size = 4;
  settings.epochs = 200;
  settings.schedule = ScheduleChoice::kLinear;
  settings.per_iteration = true;
  settings.init = {InitialValues::kPreserving};  // where compact starts
  settings.select = train::Select::kLast;
  settings.jobs = 1;
}

void SegmentationTrainer::check() const {
  if (crop_.size() > 2) {
    throw CLI::ValidationError(
        "--crop",
        fmt::format("must be one number or two, got {}", joined(crop_, " ")));
  }
  if (transform_.max_scale < transform_.min_scale) {
    throw CLI::ValidationError(
        "--max-scale", fmt::format("must not be below --min-scale, {}, got {}",
                                   transform_.min_scale, transform_.max_scale));
  }
  check_colors(transform_.hue, transform_.saturation, transform_.exposure);
  check_weight_space(settings);
  check_sync_batch_norm(settings, batch_norm_);
}

std::vector<std::string> SegmentationTrainer::recipes() const {
  return models::unet_recipes();
}

std::vector<std::string> SegmentationTrainer::sets() const {
  return {"test", "validation", "training"};
}

data::ImageSize SegmentationTrainer::crop_size() const {
  return {crop_.front(), crop_.back()};
}

std::string SegmentationTrainer::title() const {
  const auto [height, width] = crop_size();
  return fmt::format("U-Net of width {}{} in crops of {}x{} on {}", width_,
                     batch_norm_ ? " with BatchNorm" : "", height, width,
                     settings.data);
}

std::vector<std::string> SegmentationTrainer::notes() const {
  std::vector<std::string> notes = {
      "mIoU, mRec and mPrec are means over classes, from one confusion matrix "
      "of all pixels; accuracy is the share of pixels."};
  if (settings.select == train::Select::kBestTest) {
    notes.emplace_back(
        "The test set chose the epochs (--select test-best), so its scores are "
        "optimistic.");
  }
  return notes;
}

tasks::Task SegmentationTrainer::task(const Images& images,
                                      c10::Device /*device*/) const {
  tasks::SegmentationOptions options;
  options.classes = images.classes();
  options.ignored = data::kIgnoredLabel;
  options.class_weights =
      dynamic_cast<const SegmentationImages&>(images).class_weights();
  options.dice = dice_;
  return tasks::segmentation(options);
}

std::vector<tasks::Metric> SegmentationTrainer::metrics() const {
  auto metrics = tasks::segmentation_metrics();
  // As wide as a column of the console.
  for (auto& metric : metrics) {
    if (metric.name == "pixel_accuracy") metric.label = "accuracy";
  }
  return metrics;
}

std::vector<std::string> SegmentationTrainer::details(
    const tasks::Meter& meter, const Images& images) const {
  const auto scores = tasks::segmentation_scores(
      dynamic_cast<const tasks::SegmentationMeter&>(meter).confusion());
  const auto names = images.class_names();
  const auto width = std::max<std::size_t>(longest_name(names), 5);
  std::vector<std::string> lines = {fmt::format(
      "{:<{}}{:>10}{:>10}{:>10}", "class", width, "IoU", "recall", "prec")};
  for (std::size_t i = 0; i < names.size(); ++i) {
    lines.push_back(
        fmt::format("{:<{}}", names[i], width) + score_column(scores.iou[i]) +
        score_column(scores.recall[i]) + score_column(scores.precision[i]));
  }
  return lines;
}

std::vector<std::string> SegmentationTrainer::class_names_of_run(
    const std::string& folder) const {
  return kept_in(name(), folder, kClassesFile, read_class_list);
}

std::int64_t SegmentationTrainer::classes_of_run(
    const std::string& folder) const {
  return static_cast<std::int64_t>(class_names_of_run(folder).size());
}

std::unique_ptr<Images> SegmentationTrainer::load_images(
    const Machine& machine, const std::string& run) const {
  TORCH_CHECK(settings.int8 == Int8Choice::kNone,
              error_message(name(),
                            "--int8 must be none: it takes images of one size, "
                            "and whole ones have any",
                            name_in(kInt8s, settings.int8)));
  if (batch_norm_ && run.empty()) {
    constexpr auto kStride = models::UNetImpl::kStride;
    const auto [height, width] = crop_size();
    check_values_to_normalize(
        normalized_images(settings, machine),
        {(height - 1) / kStride + 1, (width - 1) / kStride + 1}, "--crop");
  }
  SegmentationImagesOptions options;
  options.run = run;
  options.dataset = dataset_;
  options.folder = settings.data;
  options.lists = reading_.lists;
  options.apart = reading_.apart;
  options.needs_validation =
      settings.select == train::Select::kBestValidation ||
      has_choice(settings.grid);
  options.faults = reading_.faults;
  if (!run.empty()) options.classes = class_names_of_run(run);
  options.weights_classes =
      class_weights_ == ClassWeightChoice::kMedianFrequency;
  options.device = machine.device;
  auto& training = options.training;
  training.transform = transform_;
  training.size = crop_size();
  training.batch_size = settings.batch_size;
  training.drop_last = true;
  training.workers = reading_.reading_threads();
  training.rank = machine.rank();
  training.ranks = machine.size();
  training.on_bad_image = reading_.on_bad_image();
  return std::make_unique<SegmentationImages>(std::move(options));
}

torch::Tensor SegmentationTrainer::example() const {
  auto [height, width] = crop_size();
  if (tile_ > 0) {  // a net with its code has no tiles
    height = std::min(height, tile_);
    width = std::min(width, tile_);
  }
  return torch::zeros({1, 3, height, width});
}

train::Model SegmentationTrainer::compact_net(std::int64_t classes) const {
  models::UNet net(models::UNetOptions()
                       .classes(classes)
                       .width(width_)
                       .batch_norm(batch_norm_)
                       .up_sampling(up_sampling_));
  auto model = train::model_of(net);
  if (tile_ == 0) return model;
  tasks::TileOptions options;
  options.side = tile_;
  options.margin = net->receptive_radius();
  model.forward = [net, options](const torch::Tensor& images) mutable {
    const bool fits =
        images.size(2) <= options.side && images.size(3) <= options.side;
    if (net->is_training() || fits) return net->forward(images);
    return tasks::tiled_logits(
        [&net](const torch::Tensor& tile) { return net->forward(tile); },
        images, options);
  };
  return model;
}

TrainableModel SegmentationTrainer::make_trainable(
    const std::string& recipe, std::int64_t classes,
    const Machine& machine) const {
  ExpansionOptions options;
  options.rate(settings.rate);
  options.initial_values(settings.init.values);
  options.narrow(settings.narrows());
  return weight_space_model(compact_net(classes), recipe,
                            models::unet_recipe(recipe, options), machine,
                            settings);
}

std::vector<ProgramCommand> segmentation_commands() {
  return {{"predict", "gives the pixels of images their classes",
           predict_masks_command}};
}

}  // namespace expandnet::examples
