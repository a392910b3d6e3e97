#include "data/loading/batch_reader.h"

#include <ATen/Functions.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "base/error.h"
#include "data/loading/epoch_generator.h"

namespace expandnet::data {

namespace {

/// Batches that a training loop has at a time, this step's and the last one's.
constexpr std::int64_t kInUse = 2;

BatchReaderOptions checked_reader(BatchReaderOptions options) {
  const auto check = [&](bool holds, const std::string& rule,
                         const std::string& value) {
    TORCH_CHECK(holds, error_message(options.where, rule, value));
  };
  const auto check_positive = [&](const std::string& name, std::int64_t value) {
    check(value > 0, name + " must be positive", std::to_string(value));
  };
  const auto batch_size = options.batch_size;
  const auto rank = options.rank, ranks = options.ranks;
  check_positive("batch_size", batch_size);
  check(ranks > 0 && rank >= 0 && rank < ranks, "rank must be below ranks",
        std::to_string(rank) + " of " + std::to_string(ranks));
  check(batch_size % ranks == 0, "batch_size must be divisible by ranks",
        std::to_string(batch_size) + " for " + std::to_string(ranks));
  check(ranks == 1 || options.drop_last,
        "batches that ranks share must be full", "drop_last false");
  check_positive("workers", options.workers);
  check_positive("prefetch", options.prefetch);
  const auto means = options.mean.size(), stddevs = options.stddev.size();
  check(means == 3 && stddevs == 3, "mean and stddev must have three entries",
        std::to_string(means) + " and " + std::to_string(stddevs));
  return options;
}

}  // namespace

std::vector<std::int64_t> places_in(const char* where, std::size_t count,
                                    const std::vector<std::int64_t>& chosen) {
  auto places = chosen;
  if (places.empty()) {
    places.resize(count);
    std::iota(places.begin(), places.end(), std::int64_t{0});
  }
  TORCH_CHECK(!places.empty(),
              error_message(where, "there must be images", "none"));
  for (const auto place : places) {
    TORCH_CHECK(place >= 0 && place < static_cast<std::int64_t>(count),
                error_message(where,
                              "images must be places in the set, below " +
                                  std::to_string(count),
                              std::to_string(place)));
  }
  return places;
}

BatchReader::BatchReader(BatchReaderOptions options, c10::Device device,
                         Read read, Size picture_size, Path path)
    : options_(checked_reader(std::move(options))),
      read_(std::move(read)),
      picture_size_(std::move(picture_size)),
      path_(std::move(path)),
      normalization_(options_.mean, options_.stddev, device,
                     options_.prefetch + kInUse),
      prefetch_(
          options_.workers, options_.prefetch,
          [this](std::int64_t batch) { return images_in(batch); },
          [this](std::int64_t batch, std::int64_t item) {
            this->read(batch, item);
          }) {
  draw_order();
}

std::int64_t BatchReader::size() const {
  if (!options_.starts.empty()) {
    return static_cast<std::int64_t>(options_.starts.size());
  }
  return options_.drop_last
             ? options_.count / options_.batch_size
             : (options_.count + options_.batch_size - 1) / options_.batch_size;
}

std::int64_t BatchReader::start_of(std::int64_t batch) const {
  const auto& starts = options_.starts;
  if (!starts.empty()) {
    return batch == size() ? options_.count
                           : starts[static_cast<std::size_t>(batch)];
  }
  return std::min(batch * options_.batch_size, options_.count);
}

/// Those that this rank reads.
std::int64_t BatchReader::images_in(std::int64_t batch) const {
  if (options_.ranks > 1) return options_.batch_size / options_.ranks;
  return start_of(batch + 1) - start_of(batch);
}

std::int64_t BatchReader::index_of(std::int64_t batch,
                                   std::int64_t item) const {
  const auto first =
      start_of(batch) + options_.rank * (options_.batch_size / options_.ranks);
  return order_[static_cast<std::size_t>(first + item)];
}

void BatchReader::draw_order() {
  const auto longs = at::TensorOptions(at::kLong);
  const auto indices =
      options_.shuffle
          ? at::randperm(options_.count, epoch_generator(options_.seed, epoch_),
                         longs)
          : at::arange(options_.count, longs);
  const auto* data = indices.const_data_ptr<std::int64_t>();
  order_.assign(data, data + options_.count);
}

/// The slot of a batch, made when its first image is read.
BatchReader::Slot& BatchReader::slot_of(std::int64_t batch) {
  const std::lock_guard<std::mutex> lock(slots_mutex_);
  auto& slot = slots_[batch];
  if (!slot.images.defined()) {
    const auto images = images_in(batch);
    slot.images =
        normalization_.make_batch(images, picture_size_(epoch_, batch));
    slot.good.assign(static_cast<std::size_t>(images), 1);
    slot.objects.resize(static_cast<std::size_t>(images));
    slot.labels.resize(static_cast<std::size_t>(images));
  }
  return slot;
}

/// Work of the threads: one image into its place in the batch.
void BatchReader::read(std::int64_t batch, std::int64_t item) {
  auto& slot = slot_of(batch);
  const auto place = static_cast<std::size_t>(item);
  try {
    auto picture = read_({index_of(batch, item),
                          epoch_,
                          {slot.images.size(1), slot.images.size(2)}});
    normalization_.place(picture.image, slot.images, item);
    slot.objects[place] = std::move(picture.objects);
    slot.labels[place] = std::move(picture.labels);
  } catch (const std::runtime_error&) {
    if (options_.on_bad_image == OnBadImage::kStop) throw;
    slot.good[place] = 0;
  }
}

/// Makes `batch` the next one that is ready.
void BatchReader::seek(std::int64_t batch) {
  if (started_ && batch == next_) return;
  prefetch_.start(batch, 0);  // waits until nobody reads into a slot
  slots_.clear();
  prefetch_.start(batch, size());
  started_ = true;
  next_ = batch;
}

/// Keeps the images that could be read.
ReadBatch BatchReader::collect(std::int64_t batch, Slot slot) {
  ReadBatch result;
  std::vector<std::int64_t> kept;
  const auto images = images_in(batch);
  for (std::int64_t item = 0; item < images; ++item) {
    const auto index = index_of(batch, item);
    const auto place = static_cast<std::size_t>(item);
    if (slot.good[place] == 0) {
      skipped_.push_back(path_(index));
      continue;
    }
    kept.push_back(item);
    result.indices.push_back(index);
    result.objects.push_back(std::move(slot.objects[place]));
    result.labels.push_back(std::move(slot.labels[place]));
  }
  result.images = normalization_.finish(
      kept.size() == slot.good.size()
          ? slot.images
          : slot.images.index_select(0, at::tensor(kept)));
  return result;
}

void BatchReader::start_epoch(std::int64_t epoch) {
  prefetch_.start(0, 0);  // nobody looks at the order any more
  slots_.clear();
  started_ = false;
  epoch_ = epoch;
  draw_order();
}

ReadBatch BatchReader::batch(std::int64_t index) {
  TORCH_CHECK(index >= 0 && index < size(),
              error_message(options_.where,
                            "index must be below " + std::to_string(size()),
                            std::to_string(index)));
  seek(index);
  prefetch_.wait(index);
  Slot slot;
  {
    const std::lock_guard<std::mutex> lock(slots_mutex_);
    slot = std::move(slots_[index]);
    slots_.erase(index);
  }
  prefetch_.release(index);
  next_ = index + 1;
  return collect(index, std::move(slot));
}

}  // namespace expandnet::data
