#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>
#include <expandnet/data/images/image_file.h>
#include <expandnet/data/loading/mask_batches.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "data/images/image_sizes.h"
#include "data/loading/batch_reader.h"

namespace expandnet::data {

/// Which images come in which batches.
struct MaskPlan {
  std::vector<std::int64_t> places;  ///< in the set
  std::vector<ImageSize> sizes;      ///< of the batches; one: of all
  std::vector<std::int64_t> starts;  ///< of the batches; none: all are full
};

namespace {

constexpr const char* kMaskBatches = "MaskBatches";

MaskPlan plan_crops(std::vector<std::int64_t> places, ImageSize size) {
  TORCH_CHECK(size.height > 0 && size.width > 0,
              error_message(kMaskBatches, "size must be positive",
                            size_in_words(size)));
  return {std::move(places), {size}, {}};
}

/// Images of one size follow each other, and begin batches of their own.
MaskPlan plan_whole_images(const MaskSet& set,
                           const std::vector<std::int64_t>& places,
                           const MaskBatchOptions& options) {
  TORCH_CHECK(options.batch_size > 0,
              error_message(kMaskBatches, "batch_size must be positive",
                            std::to_string(options.batch_size)));
  TORCH_CHECK(options.ranks == 1 && !options.drop_last,
              error_message(kMaskBatches,
                            "images that are evaluated are read by one rank, "
                            "all of them",
                            options.drop_last
                                ? "drop_last"
                                : std::to_string(options.ranks) + " ranks",
                            "give each rank images of its own"));
  std::vector<std::pair<ImageSize, std::int64_t>> images;
  for (const auto place : places) {
    const auto& image = set.images[static_cast<std::size_t>(place)];
    const bool is_known = image.size.height > 0;
    images.emplace_back(
        is_known ? image.size
                 : read_image_size(image.path, ExifOrientation::kIgnored),
        place);
  }
  std::stable_sort(images.begin(), images.end(),
                   [](const auto& a, const auto& b) {
                     return std::pair(a.first.height, a.first.width) <
                            std::pair(b.first.height, b.first.width);
                   });
  MaskPlan plan;
  for (const auto& [size, place] : images) {
    const auto count = static_cast<std::int64_t>(plan.places.size());
    const bool begins = plan.starts.empty() ||
                        count - plan.starts.back() == options.batch_size ||
                        !have_same_size(size, plan.sizes.back());
    if (begins) {
      plan.starts.push_back(count);
      plan.sizes.push_back(size);
    }
    plan.places.push_back(place);
  }
  return plan;
}

MaskPlan plan_masks(const MaskSet& set, const MaskBatchOptions& options) {
  auto places = places_in(kMaskBatches, set.images.size(), options.images);
  return options.transform ? plan_crops(std::move(places), options.size)
                           : plan_whole_images(set, places, options);
}

BatchReaderOptions mask_reader_options(const MaskPlan& plan,
                                       const MaskBatchOptions& options) {
  auto reader = reader_options(kMaskBatches, plan.places.size(),
                               options.transform.has_value(), options);
  reader.starts = plan.starts;
  return reader;
}

/// An image that is evaluated. Its batch was made for the size that it had.
LabelledPicture read_whole(const MaskedImage& image, const IndexLabels& labels,
                           ImageSize size) {
  auto picture = read_labelled(image.path, image.mask, labels);
  const ImageSize found = {picture.image.height, picture.image.width};
  if (have_same_size(found, size)) return picture;
  throw_file_error(
      kMaskBatches,
      "an image must have the size that it had, " + size_in_words(size),
      size_in_words(found) + " in " + in_quotes(image.path),
      "read the set again");
}

at::Tensor label_tensor(const std::vector<std::vector<std::uint8_t>>& labels,
                        std::int64_t height, std::int64_t width,
                        c10::Device device) {
  // From pinned memory a copy to the GPU goes on by itself.
  const auto tensor =
      at::empty({static_cast<std::int64_t>(labels.size()), height, width},
                at::TensorOptions(at::kByte).pinned_memory(device.is_cuda()));
  auto* pixels = tensor.mutable_data_ptr<std::uint8_t>();
  for (const auto& of_image : labels) {
    pixels = std::copy(of_image.begin(), of_image.end(), pixels);
  }
  return tensor.to(device, /*non_blocking=*/true);
}

}  // namespace

struct MaskBatches::Impl {
  Impl(std::shared_ptr<const MaskSet> the_set,
       const MaskBatchOptions& the_options, c10::Device the_device)
      : set(std::move(the_set)),
        options(the_options),
        device(the_device),
        plan(plan_masks(*set, options)),
        reader(
            mask_reader_options(plan, options), device,
            [this](const ReadItem& item) { return read(item); },
            [this](std::int64_t, std::int64_t batch) {
              return plan.starts.empty()
                         ? plan.sizes.front()
                         : plan.sizes[static_cast<std::size_t>(batch)];
            },
            [this](std::int64_t index) { return image(index).path; }) {}

  [[nodiscard]] std::int64_t place(std::int64_t index) const {
    return plan.places[static_cast<std::size_t>(index)];
  }
  [[nodiscard]] const MaskedImage& image(std::int64_t index) const {
    return set->images[static_cast<std::size_t>(place(index))];
  }

  [[nodiscard]] ReadPicture read(const ReadItem& item) const {
    const auto& from = image(item.index);
    auto picture = options.transform
                       ? options.transform->read(
                             from.path, from.mask, set->labels, item.size,
                             {options.seed, item.epoch, place(item.index)})
                       : read_whole(from, set->labels, item.size);
    return {std::move(picture.image), {}, std::move(picture.labels.labels)};
  }

  std::shared_ptr<const MaskSet> set;
  MaskBatchOptions options;
  c10::Device device;
  MaskPlan plan;
  BatchReader reader;  ///< last: its threads read the others
};

MaskBatches::MaskBatches(std::shared_ptr<const MaskSet> set,
                         const MaskBatchOptions& options, c10::Device device)
    : impl_(std::make_unique<Impl>(std::move(set), options, device)) {}

MaskBatches::~MaskBatches() = default;

std::int64_t MaskBatches::size() const { return impl_->reader.size(); }

std::vector<std::string> MaskBatches::skipped() const {
  return impl_->reader.skipped();
}

void MaskBatches::start_epoch(std::int64_t epoch) {
  impl_->reader.start_epoch(epoch);
}

Batch MaskBatches::batch(std::int64_t index) {
  const auto batch = impl_->reader.batch(index);
  return {batch.images, label_tensor(batch.labels, batch.images.size(2),
                                     batch.images.size(3), impl_->device)};
}

}  // namespace expandnet::data
