#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <c10/util/Exception.h>
#include <expandnet/data/loading/box_batches.h>

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "data/images/image_sizes.h"
#include "data/loading/batch_reader.h"

namespace expandnet::data {

namespace {

constexpr const char* kBoxBatches = "BoxBatches";
constexpr std::int64_t kBoxColumns = 5;  // x, y, width, height, label

bool is_trained_on(const AnnotatedObject& object) {
  return !object.difficult && !object.crowd;
}

/// The most objects of an image that are trained on, at least 1.
std::int64_t most_objects(const AnnotatedSet& set) {
  std::int64_t most = 1;
  for (const auto& image : set.images) {
    most = std::max<std::int64_t>(
        most, std::count_if(image.objects.begin(), image.objects.end(),
                            is_trained_on));
  }
  return most;
}

bool is_training(const BoxBatchOptions& options) {
  return std::holds_alternative<BoxTrainTransform>(options.transform);
}

void check_box_sizes(const BoxBatchOptions& options) {
  TORCH_CHECK(options.size > 0,
              error_message(kBoxBatches, "size must be positive",
                            std::to_string(options.size)));
  TORCH_CHECK(
      !options.scales || is_training(options),
      error_message(kBoxBatches, "only pictures to train on change in size",
                    "scales to evaluate"));
}

/// The picture of an image that is evaluated, and where its objects are in it.
ReadPicture read_to_evaluate(const BoxEvalTransform& transform,
                             const AnnotatedImage& image, ImageSize size) {
  auto picture = transform.read(image.path, size);
  const auto& whole = picture.placement.source;
  check_stated_size(kBoxBatches, image.size, {whole.height, whole.width},
                    image.path);
  return {std::move(picture.image),
          place_objects(image.objects, picture.placement, /*min_share=*/0)};
}

/// Boxes as shares of the pictures, [n, most, 5].
at::Tensor boxes_of(const std::vector<std::vector<AnnotatedObject>>& objects,
                    std::int64_t most, std::int64_t side) {
  auto boxes = at::full(
      {static_cast<std::int64_t>(objects.size()), most, kBoxColumns}, -1.0F);
  auto* row = boxes.mutable_data_ptr<float>();
  const auto share = [side](double length) {
    return static_cast<float>(length / static_cast<double>(side));
  };
  for (const auto& of_image : objects) {
    auto* next = row;
    for (const auto& object : of_image) {
      if (!is_trained_on(object)) continue;
      const auto& box = object.box;
      next[0] = share(box.left + box.width / 2);
      next[1] = share(box.top + box.height / 2);
      next[2] = share(box.width);
      next[3] = share(box.height);
      next[4] = static_cast<float>(object.label);
      next += kBoxColumns;
    }
    row += most * kBoxColumns;
  }
  return boxes;
}

}  // namespace

struct BoxBatches::Impl {
  Impl(std::shared_ptr<const AnnotatedSet> the_set,
       const BoxBatchOptions& the_options, c10::Device the_device)
      : set(std::move(the_set)),
        options(the_options),
        device(the_device),
        places(places_in(kBoxBatches, set->images.size(), options.images)),
        most(most_objects(*set)),
        reader(
            reader_options(kBoxBatches, places.size(), is_training(options),
                           options),
            device, [this](const ReadItem& item) { return read(item); },
            [this](std::int64_t epoch, std::int64_t batch) {
              const auto side = options.scales ? options.scales->side(
                                                     options.seed, epoch, batch)
                                               : options.size;
              return ImageSize{side, side};
            },
            [this](std::int64_t index) { return image(index).path; }) {
    check_box_sizes(options);
  }

  [[nodiscard]] std::int64_t place(std::int64_t index) const {
    return places[static_cast<std::size_t>(index)];
  }
  [[nodiscard]] const AnnotatedImage& image(std::int64_t index) const {
    return set->images[static_cast<std::size_t>(place(index))];
  }

  [[nodiscard]] ReadPicture read(const ReadItem& item) const {
    return std::visit(
        [&](const auto& transform) -> ReadPicture {
          using Transform = std::decay_t<decltype(transform)>;
          if constexpr (std::is_same_v<Transform, BoxTrainTransform>) {
            auto picture =
                transform.read(image(item.index), item.size,
                               {options.seed, item.epoch, place(item.index)});
            return {std::move(picture.image), std::move(picture.objects)};
          } else {
            return read_to_evaluate(transform, image(item.index), item.size);
          }
        },
        options.transform);
  }

  /// Every object of the images, as it was marked.
  [[nodiscard]] at::Tensor meant(
      const std::vector<std::int64_t>& indices) const {
    std::size_t rows = 1;
    for (const auto index : indices) {
      rows = std::max(rows, image(index).objects.size());
    }
    auto result =
        at::full({static_cast<std::int64_t>(indices.size()),
                  static_cast<std::int64_t>(rows), std::int64_t{kMeantColumns}},
                 -1.0, at::kDouble);
    auto* first = result.mutable_data_ptr<double>();
    for (const auto index : indices) {
      auto* row = first;
      for (const auto& object : image(index).objects) {
        row[kMeantLeft] = object.box.left;
        row[kMeantTop] = object.box.top;
        row[kMeantWidth] = object.box.width;
        row[kMeantHeight] = object.box.height;
        row[kMeantLabel] = static_cast<double>(object.label);
        row[kMeantDifficult] = object.difficult ? 1 : 0;
        row[kMeantCrowd] = object.crowd ? 1 : 0;
        row += kMeantColumns;
      }
      first += rows * kMeantColumns;
    }
    return result;
  }

  /// What there is to know of the images, [n, kImageColumns].
  [[nodiscard]] at::Tensor images_of(const BoxEvalTransform& transform,
                                     const std::vector<std::int64_t>& indices,
                                     std::int64_t side) const {
    auto result = at::empty({static_cast<std::int64_t>(indices.size()),
                             std::int64_t{kImageColumns}},
                            at::kDouble);
    auto* row = result.mutable_data_ptr<double>();
    const auto length = static_cast<double>(side);
    for (const auto index : indices) {
      const auto size = image(index).size;
      const auto area = to_image(transform.placement(size, {side, side}),
                                 {0, 0, length, length});
      row[kImagePlace] = static_cast<double>(place(index));
      row[kImageHeight] = static_cast<double>(size.height);
      row[kImageWidth] = static_cast<double>(size.width);
      row[kPictureLeft] = area.left;
      row[kPictureTop] = area.top;
      row[kPictureWidth] = area.width;
      row[kPictureHeight] = area.height;
      row += kImageColumns;
    }
    return result;
  }

  std::shared_ptr<const AnnotatedSet> set;
  BoxBatchOptions options;
  c10::Device device;
  std::vector<std::int64_t> places;
  std::int64_t most;   ///< objects of an image
  BatchReader reader;  ///< last: its threads read the others
};

BoxBatches::BoxBatches(std::shared_ptr<const AnnotatedSet> set,
                       const BoxBatchOptions& options, c10::Device device)
    : impl_(std::make_unique<Impl>(std::move(set), options, device)) {}

BoxBatches::~BoxBatches() = default;

std::int64_t BoxBatches::size() const { return impl_->reader.size(); }

std::vector<std::string> BoxBatches::skipped() const {
  return impl_->reader.skipped();
}

void BoxBatches::start_epoch(std::int64_t epoch) {
  impl_->reader.start_epoch(epoch);
}

Batch BoxBatches::batch(std::int64_t index) {
  auto& impl = *impl_;
  const auto batch = impl.reader.batch(index);
  const auto on_device = [&](const at::Tensor& target) {
    return target.to(impl.device, /*non_blocking=*/true);
  };
  auto boxes =
      on_device(boxes_of(batch.objects, impl.most, batch.images.size(2)));
  if (const auto* transform =
          std::get_if<BoxEvalTransform>(&impl.options.transform)) {
    return {batch.images,
            std::vector<at::Tensor>{boxes, impl.meant(batch.indices),
                                    impl.images_of(*transform, batch.indices,
                                                   batch.images.size(2))}};
  }
  const auto seen =
      (impl.reader.epoch() * size() + index) * impl.options.batch_size;
  return {batch.images, std::vector<at::Tensor>{
                            boxes, on_device(at::full({}, seen, at::kLong))}};
}

}  // namespace expandnet::data
