#include "trainers/imagenet/imagenet_trainer.h"

#include <c10/util/Exception.h>
#include <expandnet/models/imagenet_recipes.h>
#include <expandnet/models/mobilenet_v1.h>
#include <expandnet/models/mobilenet_v2.h>
#include <expandnet/models/shufflenet_v2.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "base/error.h"
#include "base/read_file.h"
#include "command_line/checks.h"
#include "command_line/named_flag.h"
#include "trainers/app/runs/grid.h"
#include "trainers/app/runs/layer_strategies.h"
#include "trainers/app/runs/run_files.h"
#include "trainers/app/runs/script_net.h"
#include "trainers/app/settings/class_list.h"
#include "trainers/app/settings/configuration.h"
#include "trainers/imagenet/imagenet_images.h"

namespace expandnet::examples {

namespace {

constexpr Named<data::OnBadImage> kOnBadImage[] = {
    {data::OnBadImage::kStop, "stop"}, {data::OnBadImage::kSkip, "skip"}};

/// The schedule of ShuffleNetV2 ends after 300,000 iterations: on ImageNet, in
/// batches of 1024, in this epoch.
constexpr std::int64_t kShuffleNetEpochs = 240;

std::vector<std::string> classes_in(const std::string& folder) {
  const auto path = (std::filesystem::path(folder) / kClassesFile).string();
  std::vector<std::string> classes;
  try {
    if (std::filesystem::exists(path)) {
      classes = read_class_list(read_file(path));
    }
  } catch (const std::runtime_error& error) {
    TORCH_CHECK(false,
                error_message(
                    "expandnet-imagenet",
                    std::string(kClassesFile) + " must be as train has made it",
                    "\"" + path + "\" (" + error.what() + ")"));
  }
  TORCH_CHECK(
      !classes.empty(),
      error_message("expandnet-imagenet",
                    std::string("a run's folder must hold ") + kClassesFile,
                    "none in \"" + folder + "\"",
                    "name one that train has made"));
  return classes;
}

template <typename Options>
Options net_options(Options options, std::int64_t classes, double width) {
  options.classes(classes);
  if (width > 0) options.width(width);
  return options;
}

}  // namespace

std::unique_ptr<Trainer> ImageNetTrainer::clone() const {
  return std::make_unique<ImageNetTrainer>(*this);
}

void ImageNetTrainer::add_flags(CLI::App& app) {
  app.add_option("--net", net_,
                 "or a file of TorchScript from Python, NAME.pt, whose layers "
                 "--expand default chooses")
      ->check(net_among(models::imagenet_nets()));
  add_number(app, "--width", width_,
             "multiplier of the channels; 0: 1, of shufflenet_v2 0.5")
      ->check(not_negative());
  app.add_option("--image-size", image_size_, "side that the net sees")
      ->check(positive());
  app.add_option("--resize", resize_,
                 "short side of an evaluated image, whose centre is seen")
      ->check(positive());
  add_number(app, "--min-area", min_area_,
             "smallest random crop, as a share of the image")
      ->check(share());
  app.add_option("--split-seed", training_.seed,
                 "which images are left out and mislabelled; the same for all "
                 "runs");
  add_training_images(app, training_);
  add_reading_flags(app);
}

void ImageNetTrainer::add_evaluation_flags(CLI::App& app) {
  add_reading_flags(app);
  app.add_option("--batch-size", settings.batch_size, "images at a time")
      ->check(positive());
}

void ImageNetTrainer::add_reading_flags(CLI::App& app) {
  app.add_option("--val-list", val_list_,
                 "for a folder val without folders of classes: "
                 "LOC_val_solution.csv, Caffe's val.txt, or lines of "
                 "\"file,class\"");
  app.add_option("--workers", workers_,
                 "threads that read images; 0: as many as there are cores")
      ->check(from_to(0, kMostThreads));
  add_named(app, "--on-bad-image", on_bad_image_, kOnBadImage,
            "an image that cannot be read stops the run, or is left out");
}

void ImageNetTrainer::set_defaults(Command command) {
  const auto& nets = models::imagenet_nets();
  settings.select = train::Select::kLast;
  settings.runs = 1;
  settings.jobs = 1;
  if (is_script(net_)) {
    settings.expand = {kDefaultRecipe};
    if (command == Command::kCompare)
      settings.expand = {"none", kDefaultRecipe};
    settings.init = {InitialValues::kPreserving};
  }
  if (std::find(nets.begin(), nets.end(), net_) == nets.end()) return;
  const auto recipe = models::imagenet_training(net_);
  settings.expand = {"paper"};
  if (command == Command::kCompare) settings.expand = {"none", "paper"};
  settings.lr = recipe.learning_rate;
  settings.momentum = recipe.momentum;
  settings.nesterov = recipe.nesterov;
  settings.weight_decay = recipe.weight_decay;
  settings.batch_size = recipe.batch_size;
  settings.epochs = recipe.epochs;
  if (recipe.decay == models::Decay::kLinear) {
    settings.epochs = kShuffleNetEpochs;
    settings.schedule = ScheduleChoice::kLinear;
    settings.per_iteration = true;
  }
  if (net_ != "shufflenet_v2") {
    settings.init = {InitialValues::kKaimingNormal};
  }
}

void ImageNetTrainer::check() const {
  check_script_recipes(net_, settings.expand);
  if (is_script(net_) && width_ != 0) {
    throw CLI::ValidationError(
        "--width", fmt::format("is of the program's own nets, got {} for {}",
                               width_, net_));
  }
  if (resize_ < image_size_) {
    throw CLI::ValidationError(
        "--resize", fmt::format("must not be below --image-size, got {} and {}",
                                resize_, image_size_));
  }
  if (settings.execution != ExecutionChoice::kWeightSpace) {
    throw CLI::ValidationError("--execution",
                               "must be weight-space for these nets, got " +
                                   name_in(kExecutions, settings.execution) +
                                   "; expanded modules are written into a net");
  }
  if (settings.init.twin) {
    throw CLI::ValidationError(
        "--init",
        "must not be twin for these nets; expanded modules, which a twin is "
        "made of, are written into a net");
  }
  if (settings.select == train::Select::kBestTest) {
    throw CLI::ValidationError(
        "--select",
        "must be last or best, got test-best; val is both validation and test");
  }
}

std::vector<std::string> ImageNetTrainer::recipes() const {
  auto names = models::imagenet_recipes();
  names.emplace_back(kDefaultRecipe);
  return names;
}

std::vector<std::string> ImageNetTrainer::sets() const {
  return {"validation", "training"};
}

std::string ImageNetTrainer::title() const {
  if (is_script(net_)) return net_ + " on " + settings.data;
  const auto net = net_ == "mobilenet_v1"   ? "MobileNetV1"
                   : net_ == "mobilenet_v2" ? "MobileNetV2"
                                            : "ShuffleNetV2";
  const auto own = net_ == "shufflenet_v2" ? 0.5 : 1.0;
  const auto width = width_ > 0 ? width_ : own;
  return fmt::format("{}{} on {}", net,
                     width == 1 ? "" : fmt::format(" {}x", width),
                     settings.data);
}

std::vector<std::string> ImageNetTrainer::notes() const {
  std::vector<std::string> notes;
  if (settings.select == train::Select::kBestValidation) {
    notes.emplace_back(
        "The validation set chose the epochs (--select best) and is the test "
        "set, too, so its accuracies are optimistic.");
  }
  if (has_choice(settings.grid)) {
    notes.emplace_back(
        "The validation set chose the values that were tried and is the test "
        "set, too, so its accuracies are optimistic.");
  }
  return notes;
}

std::int64_t ImageNetTrainer::classes_of_run(const std::string& folder) const {
  return static_cast<std::int64_t>(classes_in(folder).size());
}

std::unique_ptr<Images> ImageNetTrainer::load_images(
    const Machine& machine, const std::string& run) const {
  ImageNetImagesOptions options;
  options.folder = settings.data;
  options.val_list = val_list_;
  if (!run.empty()) options.classes = classes_in(run);
  options.device = machine.device;
  auto& training = options.training;
  training.transform =
      data::TrainTransform{image_size_, min_area_, training_.augment};
  options.chosen = training_;
  training.batch_size = settings.batch_size;
  training.drop_last = true;
  training.workers =
      static_cast<int>(workers_ > 0 ? workers_ : cores_per_rank());
  training.rank = machine.rank();
  training.ranks = machine.size();
  training.on_bad_image = on_bad_image_;
  options.evaluation = {resize_, image_size_};
  return std::make_unique<ImageNetImages>(std::move(options));
}

torch::Tensor ImageNetTrainer::example() const {
  return torch::zeros({1, 3, image_size_, image_size_});
}

std::string ImageNetTrainer::script() const {
  return is_script(net_) ? net_ : "";
}

train::Model ImageNetTrainer::compact_net(std::int64_t classes) const {
  if (is_script(net_)) return script_net(net_, classes, example(), settings);
  using models::MobileNetV1Options, models::MobileNetV2Options,
      models::ShuffleNetV2Options;
  if (net_ == "mobilenet_v1") {
    return train::model_of(models::MobileNetV1(
        net_options(MobileNetV1Options(), classes, width_)));
  }
  if (net_ == "mobilenet_v2") {
    return train::model_of(models::MobileNetV2(
        net_options(MobileNetV2Options(), classes, width_)));
  }
  return train::model_of(models::ShuffleNetV2(
      net_options(ShuffleNetV2Options(), classes, width_)));
}

TrainableModel ImageNetTrainer::make_trainable(const std::string& recipe,
                                               std::int64_t classes,
                                               const Machine& machine) const {
  if (is_script(net_)) {
    return script_model(compact_net(classes), recipe, example(), machine,
                        settings);
  }
  return weight_space_model(
      compact_net(classes), recipe,
      models::imagenet_recipe(net_, recipe, expansion_options(settings)),
      machine, settings);
}

}  // namespace expandnet::examples
