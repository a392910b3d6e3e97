#include <ATen/ops/tensor.h>
#include <c10/util/Exception.h>
#include <expandnet/data/loading/folder_batches.h>

#include <string>
#include <type_traits>

#include "base/error.h"
#include "base/text.h"
#include "data/loading/batch_reader.h"

namespace expandnet::data {

namespace {

constexpr const char* kFolderBatches = "FolderBatches";

std::int64_t side_of(const FolderBatchOptions& options) {
  return std::visit([](const auto& transform) { return transform.size; },
                    options.transform);
}

void check_folder_options(const ImageFolder& folder,
                          const FolderBatchOptions& options) {
  TORCH_CHECK(!folder.files.empty(),
              error_message(kFolderBatches, "there must be images",
                            "none in " + in_quotes(folder.folder)));
  TORCH_CHECK(side_of(options) > 0,
              error_message(kFolderBatches, "size must be positive",
                            std::to_string(side_of(options))));
}

}  // namespace

struct FolderBatches::Impl {
  Impl(std::shared_ptr<const ImageFolder> the_folder,
       const FolderBatchOptions& the_options, c10::Device the_device)
      : folder(std::move(the_folder)),
        options(the_options),
        device(the_device),
        reader(
            reader_options(
                kFolderBatches, folder->files.size(),
                std::holds_alternative<TrainTransform>(options.transform),
                options),
            device, [this](const ReadItem& item) { return read(item); },
            [this](std::int64_t, std::int64_t) {
              return ImageSize{side_of(options), side_of(options)};
            },
            [this](std::int64_t index) { return file(index).path; }) {}

  [[nodiscard]] const LabelledFile& file(std::int64_t index) const {
    return folder->files[static_cast<std::size_t>(index)];
  }

  [[nodiscard]] ReadPicture read(const ReadItem& item) const {
    const auto& path = file(item.index).path;
    return {std::visit(
        [&](const auto& transform) {
          using Transform = std::decay_t<decltype(transform)>;
          if constexpr (std::is_same_v<Transform, TrainTransform>) {
            return transform.read(path, {options.seed, item.epoch, item.index});
          } else {
            return transform.read(path);
          }
        },
        options.transform)};
  }

  std::shared_ptr<const ImageFolder> folder;
  FolderBatchOptions options;
  c10::Device device;
  BatchReader reader;  ///< last: its threads read the others
};

FolderBatches::FolderBatches(ImageFolder folder,
                             const FolderBatchOptions& options,
                             c10::Device device)
    : FolderBatches(std::make_shared<const ImageFolder>(std::move(folder)),
                    options, device) {}

FolderBatches::FolderBatches(std::shared_ptr<const ImageFolder> folder,
                             const FolderBatchOptions& options,
                             c10::Device device) {
  check_folder_options(*folder, options);
  impl_ = std::make_unique<Impl>(std::move(folder), options, device);
}

FolderBatches::~FolderBatches() = default;

std::int64_t FolderBatches::size() const { return impl_->reader.size(); }

std::vector<std::string> FolderBatches::skipped() const {
  return impl_->reader.skipped();
}

void FolderBatches::start_epoch(std::int64_t epoch) {
  impl_->reader.start_epoch(epoch);
}

Batch FolderBatches::batch(std::int64_t index) {
  auto batch = impl_->reader.batch(index);
  std::vector<std::int64_t> labels;
  for (const auto image : batch.indices) {
    labels.push_back(impl_->file(image).label);
  }
  return {batch.images,
          at::tensor(labels).to(impl_->device, /*non_blocking=*/true)};
}

}  // namespace expandnet::data
