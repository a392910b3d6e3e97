#include <ATen/Functions.h>
#include <c10/util/Exception.h>
#include <expandnet/data/loading/folder_batches.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "data/loading/epoch_generator.h"
#include "data/loading/normalization.h"
#include "data/loading/prefetch.h"

namespace expandnet::data {

namespace {

/// Batches that a training loop has at a time, this step's and the last one's.
constexpr std::int64_t kInUse = 2;

std::int64_t side_of(const FolderBatchOptions& options) {
  return std::visit([](const auto& transform) { return transform.size; },
                    options.transform);
}

/// Throws unless the rule holds of the value.
void check_folder(bool holds, const std::string& rule,
                  const std::string& value) {
  TORCH_CHECK(holds, error_message("FolderBatches", rule, value));
}

void check_positive(const std::string& name, std::int64_t value) {
  check_folder(value > 0, name + " must be positive", std::to_string(value));
}

void check_folder_options(const ImageFolder& folder,
                          const FolderBatchOptions& options) {
  const auto batch_size = options.batch_size;
  const auto rank = options.rank, ranks = options.ranks;
  check_folder(!folder.files.empty(), "there must be images",
               "none in " + in_quotes(folder.folder));
  check_positive("batch_size", batch_size);
  check_folder(ranks > 0 && rank >= 0 && rank < ranks,
               "rank must be below ranks",
               std::to_string(rank) + " of " + std::to_string(ranks));
  check_folder(batch_size % ranks == 0, "batch_size must be divisible by ranks",
               std::to_string(batch_size) + " for " + std::to_string(ranks));
  check_folder(ranks == 1 || options.drop_last,
               "batches that ranks share must be full", "drop_last false");
  check_positive("size", side_of(options));
  check_positive("workers", options.workers);
  check_positive("prefetch", options.prefetch);
  const auto means = options.mean.size(), deviations = options.deviation.size();
  check_folder(means == 3 && deviations == 3,
               "mean and deviation must have three entries",
               std::to_string(means) + " and " + std::to_string(deviations));
}

}  // namespace

struct FolderBatches::Impl {
  /// A batch that is being read.
  struct Slot {
    at::Tensor images;       ///< [n, size, size, 3], as Normalization made it
    std::vector<char> good;  ///< [n], whether the image could be read
  };

  Impl(std::shared_ptr<const ImageFolder> the_folder,
       const FolderBatchOptions& the_options, c10::Device the_device)
      : folder(std::move(the_folder)),
        options(the_options),
        device(the_device),
        count(static_cast<std::int64_t>(folder->files.size())),
        normalization(options.mean, options.deviation, device,
                      options.prefetch + kInUse),
        prefetch(
            options.workers, options.prefetch,
            [this](std::int64_t batch) { return images_in(batch); },
            [this](std::int64_t batch, std::int64_t item) {
              read(batch, item);
            }) {
    draw_order();
  }

  [[nodiscard]] std::int64_t batches() const {
    return options.drop_last
               ? count / options.batch_size
               : (count + options.batch_size - 1) / options.batch_size;
  }
  /// Those that this rank reads.
  [[nodiscard]] std::int64_t images_in(std::int64_t batch) const {
    if (options.ranks > 1) return options.batch_size / options.ranks;
    return std::min(options.batch_size, count - batch * options.batch_size);
  }
  [[nodiscard]] const LabelledFile& file(std::int64_t batch,
                                         std::int64_t item) const {
    return folder->files[static_cast<std::size_t>(index(batch, item))];
  }
  [[nodiscard]] std::int64_t index(std::int64_t batch,
                                   std::int64_t item) const {
    const auto first = batch * options.batch_size +
                       options.rank * (options.batch_size / options.ranks);
    return order[static_cast<std::size_t>(first + item)];
  }

  void draw_order() {
    const bool shuffled =
        std::holds_alternative<TrainTransform>(options.transform);
    const auto longs = at::TensorOptions(at::kLong);
    const auto indices =
        shuffled
            ? at::randperm(count, epoch_generator(options.seed, epoch), longs)
            : at::arange(count, longs);
    const auto* data = indices.const_data_ptr<std::int64_t>();
    order.assign(data, data + count);
  }

  /// The slot of a batch, made when its first image is read.
  Slot& slot_of(std::int64_t batch) {
    const std::lock_guard<std::mutex> lock(slots_mutex);
    auto& slot = slots[batch];
    if (!slot.images.defined()) {
      const auto images = images_in(batch);
      slot.images = normalization.make_batch(images, side_of(options));
      slot.good.assign(static_cast<std::size_t>(images), 1);
    }
    return slot;
  }

  /// Work of the threads: one image into its place in the batch.
  void read(std::int64_t batch, std::int64_t item) {
    auto& slot = slot_of(batch);
    const auto& path = file(batch, item).path;
    try {
      const auto image = std::visit(
          [&](const auto& transform) {
            using Transform = std::decay_t<decltype(transform)>;
            if constexpr (std::is_same_v<Transform, TrainTransform>) {
              return transform.read(path,
                                    {options.seed, epoch, index(batch, item)});
            } else {
              return transform.read(path);
            }
          },
          options.transform);
      normalization.place(image, slot.images, item);
    } catch (const std::runtime_error&) {
      if (options.on_bad_image == OnBadImage::kStop) throw;
      slot.good[static_cast<std::size_t>(item)] = 0;
    }
  }

  /// Makes `batch` the next one that is ready.
  void seek(std::int64_t batch) {
    if (started && batch == next) return;
    prefetch.start(batch, 0);  // waits until nobody reads into a slot
    slots.clear();
    prefetch.start(batch, batches());
    started = true;
    next = batch;
  }

  /// Keeps the images that could be read, with their labels.
  std::pair<at::Tensor, at::Tensor> collect(std::int64_t batch,
                                            const Slot& slot) {
    std::vector<std::int64_t> kept;
    std::vector<std::int64_t> labels;
    const auto images = images_in(batch);
    for (std::int64_t item = 0; item < images; ++item) {
      const auto& image = file(batch, item);
      if (slot.good[static_cast<std::size_t>(item)] == 0) {
        skipped.push_back(image.path);
        continue;
      }
      kept.push_back(item);
      labels.push_back(image.label);
    }
    if (kept.empty()) {
      throw_file_error(
          "FolderBatches", "a batch must have an image that can be read",
          "none of " + std::to_string(images) + ", the last of them " +
              in_quotes(skipped.empty() ? "" : skipped.back()));
    }
    return {kept.size() == slot.good.size()
                ? slot.images
                : slot.images.index_select(0, at::tensor(kept)),
            at::tensor(labels)};
  }

  std::shared_ptr<const ImageFolder> folder;
  FolderBatchOptions options;
  c10::Device device;
  std::int64_t count;
  std::int64_t epoch = 0;
  std::vector<std::int64_t> order;
  Normalization normalization;
  std::vector<std::string> skipped;
  bool started = false;
  std::int64_t next = 0;
  std::mutex slots_mutex;
  std::map<std::int64_t, Slot> slots;
  Prefetch prefetch;  ///< last, so that it ends before what it works on
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

std::int64_t FolderBatches::size() const { return impl_->batches(); }

std::vector<std::string> FolderBatches::skipped() const {
  return impl_->skipped;
}

void FolderBatches::start_epoch(std::int64_t epoch) {
  auto& impl = *impl_;
  impl.prefetch.start(0, 0);  // nobody looks at the order any more
  impl.slots.clear();
  impl.started = false;
  impl.epoch = epoch;
  impl.draw_order();
}

Batch FolderBatches::batch(std::int64_t index) {
  auto& impl = *impl_;
  check_folder(index >= 0 && index < size(),
               "index must be below " + std::to_string(size()),
               std::to_string(index));
  impl.seek(index);
  impl.prefetch.wait(index);
  Impl::Slot slot;
  {
    const std::lock_guard<std::mutex> lock(impl.slots_mutex);
    slot = std::move(impl.slots[index]);
    impl.slots.erase(index);
  }
  impl.prefetch.release(index);
  impl.next = index + 1;
  const auto [images, labels] = impl.collect(index, slot);
  return {impl.normalization.finish(images),
          labels.to(impl.device, /*non_blocking=*/true)};
}

}  // namespace expandnet::data
