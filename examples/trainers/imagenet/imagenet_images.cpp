#include "trainers/imagenet/imagenet_images.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "base/error.h"
#include "trainers/app/runs/kept_images.h"

namespace expandnet::examples {

namespace {

std::string folder_in(const std::string& folder, const char* name) {
  return (std::filesystem::path(folder) / name).string();
}

SharedFolder shared(data::ImageFolder folder) {
  return std::make_shared<const data::ImageFolder>(std::move(folder));
}

/// Paths within the folder, and their labels.
std::vector<std::string> names_in(const data::ImageFolder& folder) {
  std::vector<std::string> names;
  for (const auto& [path, label] : folder.files) {
    const bool is_within = path.rfind(folder.folder, 0) == 0;
    names.push_back(fmt::format(
        "{} {}", is_within ? path.substr(folder.folder.size()) : path, label));
  }
  return names;
}

/// Every file that belongs to this rank when all evaluate together.
SharedFolder share_of(const SharedFolder& set, std::int64_t rank,
                      std::int64_t ranks) {
  if (ranks == 1) return set;
  data::ImageFolder share{set->folder, set->classes, {}};
  for (auto i = static_cast<std::size_t>(rank); i < set->files.size();
       i += static_cast<std::size_t>(ranks)) {
    share.files.push_back(set->files[i]);
  }
  return shared(std::move(share));
}

}  // namespace

ImageNetImages::ImageNetImages(ImageNetImagesOptions options)
    : options_(std::move(options)), classes_(options_.classes) {
  const bool is_new = classes_.empty();
  if (is_new) {
    training_ = scan_training();
    classes_ = training_->classes;
  }
  const auto val = folder_in(options_.folder, "val");
  validation_ =
      shared(options_.val_list.empty()
                 ? data::scan_image_folder(val)
                 : data::scan_flat_folder(val, options_.val_list, classes_));
  if (is_new) {
    data::check_same_classes(*training_, *validation_);
    const auto images = static_cast<std::int64_t>(training_->files.size());
    TORCH_CHECK(
        images >= options_.training.batch_size,
        error_message(
            "--batch-size", "must not be above the number of training images",
            fmt::format("{} for {} in \"{}\"", options_.training.batch_size,
                        images, training_->folder)));
    return;
  }
  data::ImageFolder learnt;
  learnt.folder = "the run";
  learnt.classes = classes_;
  data::check_same_classes(learnt, *validation_);
}

SharedFolder ImageNetImages::scan_training() const {
  auto folder = data::scan_image_folder(folder_in(options_.folder, "train"));
  std::vector<std::int64_t> labels;
  for (const auto& file : folder.files) labels.push_back(file.label);
  const auto chosen =
      choose_images(labels, static_cast<std::int64_t>(folder.classes.size()),
                    options_.chosen);
  notes_on_results_ = chosen.notes;
  if (chosen.notes.empty()) return shared(std::move(folder));
  std::vector<data::LabelledFile> files;
  for (std::size_t i = 0; i < chosen.indices.size(); ++i) {
    const auto index = static_cast<std::size_t>(chosen.indices[i]);
    files.push_back({folder.files[index].path, chosen.labels[i]});
  }
  folder.files = std::move(files);
  return shared(std::move(folder));
}

const SharedFolder& ImageNetImages::training() const {
  if (!training_) {
    training_ = scan_training();
    data::check_same_classes(*training_, *validation_);
  }
  return training_;
}

const SharedFolder& ImageNetImages::set_named(const std::string& set) const {
  return set == "training" ? training() : validation_;
}

std::unique_ptr<data::FolderBatches> ImageNetImages::plain_batches(
    const SharedFolder& set) const {
  auto options = options_.training;
  options.transform = options_.evaluation;
  options.batch_size /= options.ranks;
  options.drop_last = false;
  const auto share = share_of(set, options.rank, options.ranks);
  TORCH_CHECK(
      !share->files.empty(),
      error_message(
          "expandnet-imagenet",
          fmt::format("there must be an image to evaluate for each of {} "
                      "ranks",
                      options.ranks),
          fmt::format("{} in \"{}\"", set->files.size(), set->folder)));
  options.rank = 0;
  options.ranks = 1;
  return std::make_unique<data::FolderBatches>(share, options, options_.device);
}

std::int64_t ImageNetImages::classes() const {
  return static_cast<std::int64_t>(classes_.size());
}

std::vector<std::string> ImageNetImages::class_names() const {
  return classes_;
}

std::string ImageNetImages::in_words() const {
  return fmt::format("{} training and {} validation images of {} classes",
                     size_of("training"), size_of("validation"), classes());
}

std::vector<std::string> ImageNetImages::notes() const {
  std::vector<std::string> lines;
  for (const auto& set : {training_, validation_}) {
    const auto line = set ? data::passed_over_in_words(*set) : "";
    if (!line.empty()) lines.push_back("note: " + line);
  }
  return lines;
}

std::vector<KeptFile> ImageNetImages::kept_files() const {
  return {kept_images({images_line("training", names_in(*training())),
                       images_line("validation", names_in(*validation_))})};
}

RunData ImageNetImages::run_data(std::uint64_t seed) const {
  auto options = options_.training;
  options.seed = seed;
  RunData data;
  data.training = std::make_unique<data::FolderBatches>(training(), options,
                                                        options_.device);
  data.validation = plain_batches(validation_);
  data.test = plain_batches(validation_);
  return data;
}

std::int64_t ImageNetImages::size_of(const std::string& set) const {
  return static_cast<std::int64_t>(set_named(set)->files.size());
}

std::unique_ptr<data::BatchSource> ImageNetImages::batches_of(
    const std::string& set) const {
  return plain_batches(set_named(set));
}

std::unique_ptr<data::BatchSource> ImageNetImages::training_images(
    const std::vector<std::int64_t>& places) const {
  const auto& all = *training();
  data::ImageFolder chosen{all.folder, all.classes, {}};
  for (const auto place : places) {
    chosen.files.push_back(all.files.at(static_cast<std::size_t>(place)));
  }
  return plain_batches(shared(std::move(chosen)));
}

}  // namespace expandnet::examples
