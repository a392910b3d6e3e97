// batch_reader.h: batches of pictures, read ahead by threads.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <expandnet/data/images/image.h>
#include <expandnet/data/loading/on_bad_image.h>
#include <expandnet/data/sets/annotated_image.h>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "data/loading/normalization.h"
#include "data/loading/prefetch.h"

namespace expandnet::data {

/// Options for batches of images of any kind.
struct BatchReaderOptions {
  std::string where;       ///< the class that errors name
  std::int64_t count = 0;  ///< number of images
  bool shuffle = false;
  std::int64_t batch_size = 1;
  bool drop_last = false;
  std::int64_t rank = 0;
  std::int64_t ranks = 1;
  std::uint64_t seed = 0;
  std::vector<double> mean;
  std::vector<double> stddev;
  int workers = 1;
  std::int64_t prefetch = 1;
  OnBadImage on_bad_image = OnBadImage::kStop;
  /// Position of the first image of each batch in the order; empty: every
  /// `batch_size` images start a batch. Used for batches of several sizes,
  /// which allow only one rank.
  std::vector<std::int64_t> starts = {};
};

/// Copies the fields that a set's own options have under the same names.
template <typename Options>
BatchReaderOptions reader_options(const char* where, std::size_t count,
                                  bool shuffle, const Options& options) {
  BatchReaderOptions reader;
  reader.where = where;
  reader.count = static_cast<std::int64_t>(count);
  reader.shuffle = shuffle;
  reader.batch_size = options.batch_size;
  reader.drop_last = options.drop_last;
  reader.rank = options.rank;
  reader.ranks = options.ranks;
  reader.seed = options.seed;
  reader.mean = options.mean;
  reader.stddev = options.stddev;
  reader.workers = options.workers;
  reader.prefetch = options.prefetch;
  reader.on_bad_image = options.on_bad_image;
  return reader;
}

/// Returns the indices of the images to use, in a set with `count` images:
/// those chosen, or all if none is chosen. Throws `c10::Error` if there is no
/// image, and for an index outside of the set.
[[nodiscard]] std::vector<std::int64_t> places_in(
    const char* where, std::size_t count,
    const std::vector<std::int64_t>& chosen);

/// An image to be read.
struct ReadItem {
  std::int64_t index = 0;  ///< of the image, below `count`
  std::int64_t epoch = 0;
  ImageSize size;  ///< size of the requested picture
};

/// The picture of an image, and its targets.
struct ReadPicture {
  Image image;
  std::vector<AnnotatedObject> objects = {};  ///< in pixels of the picture
  std::vector<std::uint8_t> labels = {};      ///< [height, width]; may be empty
};

/// The pictures of a batch that could be read.
struct ReadBatch {
  at::Tensor images;                  ///< on the device, float [n, 3, H, W]
  std::vector<std::int64_t> indices;  ///< [n]
  std::vector<std::vector<AnnotatedObject>> objects;  ///< [n]
  std::vector<std::vector<std::uint8_t>> labels;      ///< [n]
};

/// Reads and normalizes images in threads, in the order of an epoch. Results
/// depend only on seed, epoch and the image.
class BatchReader {
 public:
  /// Reads one image; called from several threads at once. Throws
  /// `std::runtime_error` for an image that cannot be read.
  using Read = std::function<ReadPicture(const ReadItem& item)>;
  /// Returns the size of a batch's pictures.
  using Size = std::function<ImageSize(std::int64_t epoch, std::int64_t batch)>;
  /// Returns the path of an image, for errors.
  using Path = std::function<std::string(std::int64_t index)>;

  /// Throws `c10::Error` for options out of range.
  BatchReader(BatchReaderOptions options, c10::Device device, Read read,
              Size picture_size, Path path);

  void start_epoch(std::int64_t epoch);
  [[nodiscard]] std::int64_t epoch() const { return epoch_; }
  [[nodiscard]] std::int64_t size() const;
  /// Batches asked for in order are read ahead; another one begins anew from
  /// there. Throws what `read` throws, unless bad images are skipped; a
  /// batch without any that is good is empty then.
  [[nodiscard]] ReadBatch batch(std::int64_t index);
  [[nodiscard]] const std::vector<std::string>& skipped() const {
    return skipped_;
  }

 private:
  /// A batch that is being read.
  struct Slot {
    at::Tensor images;       ///< [n, H, W, 3], made by Normalization
    std::vector<char> good;  ///< [n], whether the image could be read
    std::vector<std::vector<AnnotatedObject>> objects;  ///< [n]
    std::vector<std::vector<std::uint8_t>> labels;      ///< [n]
  };

  /// Returns the position of a batch's first image in the order.
  [[nodiscard]] std::int64_t start_of(std::int64_t batch) const;
  [[nodiscard]] std::int64_t images_in(std::int64_t batch) const;
  [[nodiscard]] std::int64_t index_of(std::int64_t batch,
                                      std::int64_t item) const;
  void draw_order();
  Slot& slot_of(std::int64_t batch);
  void read(std::int64_t batch, std::int64_t item);
  void seek(std::int64_t batch);
  ReadBatch collect(std::int64_t batch, Slot slot);

  BatchReaderOptions options_;
  Read read_;
  Size picture_size_;
  Path path_;
  std::int64_t epoch_ = 0;
  std::vector<std::int64_t> order_;
  Normalization normalization_;
  std::vector<std::string> skipped_;
  bool started_ = false;
  std::int64_t next_ = 0;
  std::mutex slots_mutex_;
  std::map<std::int64_t, Slot> slots_;
  Prefetch prefetch_;  ///< last: destroyed before the data that its threads use
};

}  // namespace expandnet::data
