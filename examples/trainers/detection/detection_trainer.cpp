#include "trainers/detection/detection_trainer.h"

#include <c10/util/Exception.h>
#include <expandnet/models/yolo_lite.h>
#include <expandnet/models/yolo_lite_recipes.h>
#include <expandnet/tasks/detection/detection_meter.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "base/error.h"
#include "base/read_file.h"
#include "command_line/checks.h"
#include "command_line/named_flag.h"
#include "trainers/app/runs/grid.h"
#include "trainers/app/runs/run_files.h"
#include "trainers/app/settings/class_list.h"
#include "trainers/app/settings/configuration.h"
#include "trainers/detection/anchors_file.h"
#include "trainers/detection/detection_images.h"

namespace expandnet::examples {

namespace {

constexpr std::int64_t kStride = models::YoloLiteImpl::kStride;

constexpr Named<data::Faults> kFaults[] = {{data::Faults::kStop, "stop"},
                                           {data::Faults::kSkip, "skip"}};
constexpr Named<data::Fit> kFits[] = {{data::Fit::kStretch, "stretch"},
                                      {data::Fit::kLetterbox, "letterbox"}};
constexpr Named<AnchorChoice> kAnchorChoices[] = {
    {AnchorChoice::kFitted, "fitted"}, {AnchorChoice::kYoloLite, "yolo-lite"}};
constexpr Named<PrecisionChoice> kPrecisionChoices[] = {
    {PrecisionChoice::kVoc2007, "voc2007"},
    {PrecisionChoice::kArea, "area"},
    {PrecisionChoice::kCoco, "coco"}};

/// What a file of a run's folder holds, as `read` reads it.
template <typename Read>
auto kept_in(const std::string& folder, const char* name, Read read) {
  const auto path = (std::filesystem::path(folder) / name).string();
  TORCH_CHECK(std::filesystem::exists(path),
              error_message("expandnet-detection",
                            std::string("a run's folder must hold ") + name,
                            "none in \"" + folder + "\"",
                            "name one that train has made"));
  try {
    return read(read_file(path));
  } catch (const std::runtime_error& error) {
    TORCH_CHECK(false, error_message(
                           "expandnet-detection",
                           std::string(name) + " must be as train has made it",
                           "\"" + path + "\" (" + error.what() + ")"));
  }
}

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
  app.add_option("--flip", transform_.flip, "mirror training images");
  add_number(app, "--hue", transform_.hue, "change of hue, in turns")
      ->check(from_to(0, 1));
  add_number(app, "--saturation", transform_.saturation,
             "largest change of saturation, a factor")
      ->check(positive());
  add_number(app, "--exposure", transform_.exposure,
             "largest change of brightness, a factor")
      ->check(positive());
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
  app.add_option("--train-lists", lists_.training,
                 "names of the lists to train on, of VOC trainval or "
                 "2007/trainval; by default those of VOC2007 and 2012, train "
                 "of another folder, train2017 of COCO")
      ->expected(0, -1);
  app.add_option("--val-lists", lists_.validation,
                 "to validate on; by default val, where there is one")
      ->expected(0, -1);
  app.add_option("--val-images", validation_images_,
                 "training images set apart to validate on, where --val-lists "
                 "has none")
      ->check(not_negative());
  app.add_option("--split-seed", split_seed_,
                 "which images these are; the same for all runs");
  app.add_option("--image-size", image_size_,
                 "side of the pictures that the net sees, a multiple of 32")
      ->check(positive());
  add_named(app, "--faults", faults_, kFaults,
            "an annotation or an image that is damaged stops the run, or is "
            "left out");
}

void DetectionTrainer::add_reading_flags(CLI::App& app) {
  app.add_option("--test-lists", lists_.test,
                 "to test on; by default 2007/test, test of another folder, "
                 "val2017 of COCO")
      ->expected(0, -1);
  app.add_option("--workers", workers_,
                 "threads that read images; 0: as many as there are cores")
      ->check(from_to(0, kMostThreads));
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
  add_named(app, "--faults", faults_, kFaults,
            "an annotation or an image that is damaged stops the evaluation, "
            "or is left out");
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
  settings.init = {InitialValues::kMatched};
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
  if (transform_.hue > 0.5) {
    throw CLI::ValidationError(
        "--hue", fmt::format("must be at most 0.5, got {}", transform_.hue));
  }
  for (const auto& [flag, factor] :
       {std::pair{"--saturation", transform_.saturation},
        std::pair{"--exposure", transform_.exposure}}) {
    if (factor >= 1) continue;
    throw CLI::ValidationError(
        flag, fmt::format("must be at least 1, got {}", factor));
  }
  if (settings.execution != ExecutionChoice::kWeightSpace) {
    throw CLI::ValidationError("--execution",
                               "must be weight-space for this net, got " +
                                   name_in(kExecutions, settings.execution) +
                                   "; expanded modules are written into a net");
  }
  if (settings.init.twin) {
    throw CLI::ValidationError(
        "--init",
        "must not be twin for this net; expanded modules, which a twin is made "
        "of, are written into a net");
  }
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
  return kept_in(folder, kClassesFile, read_class_list);
}

std::vector<tasks::Anchor> DetectionTrainer::anchors_of_run(
    const std::string& folder) const {
  if (anchors_ == AnchorChoice::kYoloLite) return tasks::yolo_lite_anchors();
  return kept_in(folder, kAnchorsFile, read_anchors);
}

std::int64_t DetectionTrainer::classes_of_run(const std::string& folder) const {
  return static_cast<std::int64_t>(class_names_of_run(folder).size());
}

data::AnnotatedSet DetectionTrainer::training_boxes() const {
  data::AnnotationOptions how;
  how.faults = faults_;
  return read_boxes(dataset_, settings.data,
                    choose_lists(dataset_, settings.data, lists_).training,
                    how);
}

std::unique_ptr<Images> DetectionTrainer::load_images(
    const Machine& machine, const std::string& run) const {
  DetectionImagesOptions options;
  options.dataset = dataset_;
  options.folder = settings.data;
  options.lists = lists_;
  options.validation_images = validation_images_;
  options.split_seed = split_seed_;
  options.needs_validation =
      settings.select == train::Select::kBestValidation ||
      has_choice(settings.grid);
  options.faults = faults_;
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
  training.batch_size = settings.batch_size;
  training.drop_last = true;
  training.workers =
      static_cast<int>(workers_ > 0 ? workers_ : cores_per_rank());
  training.rank = machine.rank();
  training.ranks = machine.size();
  training.on_bad_image = faults_ == data::Faults::kSkip
                              ? data::OnBadImage::kSkip
                              : data::OnBadImage::kStop;
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

Trainee DetectionTrainer::make_trainee(const std::string& recipe,
                                       std::int64_t classes,
                                       const Machine& machine) const {
  ExpansionOptions options;
  options.rate(settings.rate);
  options.initial_values(settings.init.values);
  options.narrow(settings.narrows());
  return weight_space_trainee(compact_net(classes), recipe,
                              models::yolo_lite_recipe(recipe, options),
                              machine, settings);
}

std::vector<ProgramCommand> detection_commands() {
  return {
      {"anchors", "fits anchors to the boxes of a data set", anchors_command},
      {"predict", "finds objects in images", predict_command}};
}

}  // namespace expandnet::examples
