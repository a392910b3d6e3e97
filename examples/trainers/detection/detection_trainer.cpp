#include "trainers/detection/detection_trainer.h"

#include <expandnet/models/yolo_lite.h>
#include <expandnet/models/yolo_lite_recipes.h>
#include <expandnet/tasks/detection/detection_meter.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "command_line/checks.h"
#include "command_line/named_flag.h"
#include "trainers/app/runs/grid.h"
#include "trainers/app/runs/kept_file.h"
#include "trainers/app/runs/run_files.h"
#include "trainers/app/settings/class_list.h"
#include "trainers/app/settings/configuration.h"
#include "trainers/detection/anchors_file.h"
#include "trainers/detection/detection_images.h"

namespace expandnet::examples {

namespace {

constexpr std::int64_t kStride = models::YoloLiteImpl::kStride;

constexpr Named<data::Fit> kFits[] = {{data::Fit::kStretch, "stretch"},
                                      {data::Fit::kLetterbox, "letterbox"}};
constexpr Named<AnchorChoice> kAnchorChoices[] = {
    {AnchorChoice::kFitted, "fitted"}, {AnchorChoice::kYoloLite, "yolo-lite"}};
constexpr Named<PrecisionChoice> kPrecisionChoices[] = {
    {PrecisionChoice::kVoc2007, "voc2007"},
    {PrecisionChoice::kArea, "area"},
    {PrecisionChoice::kCoco, "coco"}};

}  // namespace

DetectionTrainer::DetectionTrainer() {
  settings.by_ranks = true;
  settings.classifies = false;
  settings.memory_format = MemoryFormatChoice::kChannelsLast;  // as read
  settings.steps_at = {2.0 / 3, 3.0 / 4};
  settings.steps_in_words = "two thirds and three quarters";
}

std::unique_ptr<Trainer> DetectionTrainer::clone() const {
  return std::make_unique<DetectionTrainer>(*this);
}

void DetectionTrainer::add_flags(CLI::App& app) {
  add_data_flags(app);
  add_reading_flags(app);
  app.add_option("--multi-scale", multi_scale_,
                 "true: pictures to train on change in size, up to 64 pixels "
                 "either way, every ten batches");
  add_number(app, "--jitter", transform_.jitter,
             "how far the edges of a training image move, as a share of it")
      ->check(from_to(0, 1));
  add_color_flags(app, transform_);
  app.add_option("--batch-norm", batch_norm_,
                 "true: BatchNorm after the first six convolutions");
  add_named(app, "--anchors", anchors_, kAnchorChoices,
            "fitted to the boxes that are trained on, or the published ones");
  app.add_option("--prior", prior_,
                 "true: the first 12,800 images draw boxes to their anchors, "
                 "as darknet does");
  add_judging_flags(app);
}

void DetectionTrainer::add_data_flags(CLI::App& app) {
  add_named(app, "--dataset", dataset_, kBoxDatasets,
            "voc: VOCdevkit, or a folder with Annotations, ImageSets and "
            "JPEGImages; coco: annotations/instances_NAME.json and NAME; "
            "folder: images with VOC's XML in NAME");
  add_training_lists(app, reading_,
                     "of VOC trainval or 2007/trainval; by default those of "
                     "VOC2007 and 2012, train of another folder, train2017 of "
                     "COCO");
  app.add_option("--image-size", image_size_,
                 "side of the pictures that the net sees, a multiple of 32")
      ->check(positive());
  add_faults(app, reading_.faults, "the run");
}

void DetectionTrainer::add_reading_flags(CLI::App& app) {
  add_test_lists(app, reading_,
                 "by default 2007/test, test of another folder, val2017 of "
                 "COCO");
  add_named(app, "--fit", fit_, kFits,
            "how images that are evaluated fill a picture");
}

void DetectionTrainer::add_judging_flags(CLI::App& app) {
  add_named(app, "--ap", precision_, kPrecisionChoices,
            "average precision: eleven points, the area, or COCO's over IoU "
            "0.5 to 0.95");
  add_number(app, "--threshold", suppress_.threshold,
             "the lowest score of a detection that counts")
      ->check(share());
  add_number(app, "--nms", suppress_.overlap,
             "the highest IoU of two detections of a class")
      ->check(share());
}

void DetectionTrainer::add_evaluation_flags(CLI::App& app) {
  add_reading_flags(app);
  add_faults(app, reading_.faults, "the evaluation");
  add_judging_flags(app);
  app.add_option("--batch-size", settings.batch_size, "images at a time")
      ->check(positive());
}

void DetectionTrainer::set_defaults(Command command) {
  settings.expand = {"paper"};
  if (command == Command::kCompare) settings.expand = {"none", "paper"};
  settings.lr = 1e-3;
  settings.weight_decay = 5e-4;
  settings.batch_size = 64;
  settings.epochs = 160;
  settings.warmup = 4;
  settings.per_iteration = true;
  settings.init = {InitialValues::kPreserving};  // where compact starts
  settings.select = train::Select::kLast;
  settings.jobs = 1;
}

void DetectionTrainer::check_data() const {
  if (image_size_ % kStride != 0) {
    throw CLI::ValidationError(
        "--image-size",
        fmt::format("must be a multiple of {}, got {}", kStride, image_size_));
  }
}

void DetectionTrainer::check() const {
  check_data();
  if (transform_.jitter >= 0.5) {
    throw CLI::ValidationError(
        "--jitter",
        fmt::format("must be below 0.5, got {}", transform_.jitter));
  }
  check_colors(transform_.hue, transform_.saturation, transform_.exposure);
  check_weight_space(settings);
  check_sync_batch_norm(settings, batch_norm_);
}

std::vector<std::string> DetectionTrainer::recipes() const {
  return models::yolo_lite_recipes();
}

std::vector<std::string> DetectionTrainer::sets() const {
  return {"test", "validation", "training"};
}

std::string DetectionTrainer::title() const {
  return fmt::format("YOLO-LITE{} {}x{} on {}",
                     batch_norm_ ? " with BatchNorm" : "", image_size_,
                     image_size_, settings.data);
}

std::vector<std::string> DetectionTrainer::notes() const {
  std::vector<std::string> notes = {
      precision_ == PrecisionChoice::kVoc2007
          ? "mAP is VOC2007's: eleven points of recall, at an IoU of 0.5."
      : precision_ == PrecisionChoice::kArea
          ? "mAP is VOC2010's: the area below the curve, at an IoU of 0.5."
          : "mAP is COCO's: the mean over ten IoU from 0.5 to 0.95."};
  if (settings.select == train::Select::kBestTest) {
    notes.emplace_back(
        "The test set chose the epochs (--select test-best), so its precisions "
        "are optimistic.");
  }
  return notes;
}

tasks::Task DetectionTrainer::task(const Images& images,
                                   c10::Device device) const {
  tasks::DetectionOptions options;
  options.classes = images.classes();
  options.anchors = dynamic_cast<const DetectionImages&>(images).anchors();
  options.prior = prior_;
  options.suppress = suppress_;
  if (precision_ == PrecisionChoice::kArea) {
    options.interpolation = tasks::Interpolation::kArea;
  } else if (precision_ == PrecisionChoice::kCoco) {
    options.protocol = tasks::Protocol::kCoco;
    options.interpolation = tasks::Interpolation::kHundredAndOnePoints;
  }
  return tasks::detection(options, device);
}

std::vector<tasks::Metric> DetectionTrainer::metrics() const {
  return tasks::detection_metrics();
}

std::vector<std::string> DetectionTrainer::class_names_of_run(
    const std::string& folder) const {
  return kept_in(name(), folder, kClassesFile, read_class_list);
}

std::vector<tasks::Anchor> DetectionTrainer::anchors_of_run(
    const std::string& folder) const {
  if (anchors_ == AnchorChoice::kYoloLite) return tasks::yolo_lite_anchors();
  return kept_in(name(), folder, kAnchorsFile, read_anchors);
}

std::int64_t DetectionTrainer::classes_of_run(const std::string& folder) const {
  return static_cast<std::int64_t>(class_names_of_run(folder).size());
}

data::AnnotatedSet DetectionTrainer::training_boxes() const {
  data::AnnotationOptions how;
  how.faults = reading_.faults;
  return read_boxes(
      dataset_, settings.data,
      choose_box_lists(dataset_, settings.data, reading_.lists).training, how);
}

std::unique_ptr<Images> DetectionTrainer::load_images(
    const Machine& machine, const std::string& run) const {
  DetectionImagesOptions options;
  options.run = run;
  options.dataset = dataset_;
  options.folder = settings.data;
  options.lists = reading_.lists;
  options.apart = reading_.apart;
  options.needs_validation =
      settings.select == train::Select::kBestValidation ||
      has_choice(settings.grid);
  options.faults = reading_.faults;
  if (!run.empty()) {
    options.classes = class_names_of_run(run);
    options.anchors = anchors_of_run(run);
  } else if (anchors_ == AnchorChoice::kYoloLite) {
    options.anchors = tasks::yolo_lite_anchors();
  }
  options.anchor_count = kAnchors;
  options.device = machine.device;
  options.evaluation = evaluation();
  auto& training = options.training;
  training.transform = transform_;
  training.size = image_size_;
  if (multi_scale_) {
    constexpr std::int64_t kReach = 2 * kStride;
    training.scales = data::MultiScale{std::max(kStride, image_size_ - kReach),
                                       image_size_ + kReach, kStride};
  }
  if (batch_norm_ && run.empty()) {
    const auto smallest =
        training.scales ? training.scales->min_side : image_size_;
    const auto side = smallest / kStride;
    check_values_to_normalize(normalized_images(settings, machine),
                              {side, side}, "--image-size");
  }
  training.batch_size = settings.batch_size;
  training.drop_last = true;
  training.workers = reading_.reading_threads();
  training.rank = machine.rank();
  training.ranks = machine.size();
  training.on_bad_image = reading_.on_bad_image();
  return std::make_unique<DetectionImages>(std::move(options));
}

torch::Tensor DetectionTrainer::example() const {
  return torch::zeros({1, 3, image_size_, image_size_});
}

train::Model DetectionTrainer::compact_net(std::int64_t classes) const {
  return train::model_of(models::YoloLite(
      models::YoloLiteOptions().classes(classes).anchors(kAnchors).batch_norm(
          batch_norm_)));
}

TrainableModel DetectionTrainer::make_trainable(const std::string& recipe,
                                                std::int64_t classes,
                                                const Machine& machine) const {
  ExpansionOptions options;
  options.rate(settings.rate);
  options.initial_values(settings.init.values);
  options.narrow(settings.narrows());
  return weight_space_model(compact_net(classes), recipe,
                            models::yolo_lite_recipe(recipe, options), machine,
                            settings);
}

std::vector<ProgramCommand> detection_commands() {
  return {
      {"anchors", "fits anchors to the boxes of a data set", anchors_command},
      {"predict", "finds objects in images", predict_command}};
}

}  // namespace expandnet::examples
