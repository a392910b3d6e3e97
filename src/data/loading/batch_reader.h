// batch_reader.h: batches of pictures that threads read ahead.
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

/// How images come in batches, whatever they are.
struct BatchReaderOptions {
  std::string where;       ///< the class that errors name
  std::int64_t count = 0;  ///< of images
  bool shuffle = false;
  std::int64_t batch_size = 1;
  bool drop_last = false;
  std::int64_t rank = 0;
  std::int64_t ranks = 1;
  std::uint64_t seed = 0;
  std::vector<double> mean;
  std::vector<double> deviation;
  int workers = 1;
  std::int64_t prefetch = 1;
  OnBadImage on_bad_image = OnBadImage::kStop;
};

/// An image that is to be read.
struct ReadItem {
  std::int64_t index = 0;  ///< of the image, below `count`
  std::int64_t epoch = 0;
  std::int64_t side = 0;  ///< of the picture that is wanted
};

/// It as a square picture, and what is in it.
struct ReadPicture {
  Image image;
  std::vector<AnnotatedObject> objects = {};  ///< in pixels of the picture
};

/// Those pictures of a batch that could be read.
struct ReadBatch {
  at::Tensor images;  ///< on the device, float [n, 3, side, side]
  std::vector<std::int64_t> indices;                  ///< [n]
  std::vector<std::vector<AnnotatedObject>> objects;  ///< [n]
};

/// Reads images in threads, in the order of an epoch, and normalizes them.
/// Results depend on seed, epoch and the image alone.
class BatchReader {
 public:
  /// Called by several threads at once. Throws `std::runtime_error` for an
  /// image that cannot be read.
  using Read = std::function<ReadPicture(const ReadItem& item)>;
  /// The side of a batch's pictures.
  using Side =
      std::function<std::int64_t(std::int64_t epoch, std::int64_t batch)>;
  /// The path of an image, for errors.
  using Path = std::function<std::string(std::int64_t index)>;

  /// Throws `c10::Error` for options out of range.
  BatchReader(BatchReaderOptions options, c10::Device device, Read read,
              Side side, Path path);

  void start_epoch(std::int64_t epoch);
  [[nodiscard]] std::int64_t epoch() const { return epoch_; }
  [[nodiscard]] std::int64_t size() const;
  /// Batches asked for in order are read ahead; another one begins anew from
  /// there. Throws what `read` throws, unless bad images are skipped, and
  /// `std::runtime_error` for a batch without any that is good.
  [[nodiscard]] ReadBatch batch(std::int64_t index);
  [[nodiscard]] const std::vector<std::string>& skipped() const {
    return skipped_;
  }

 private:
  /// A batch that is being read.
  struct Slot {
    at::Tensor images;       ///< [n, side, side, 3], as Normalization made it
    std::vector<char> good;  ///< [n], whether the image could be read
    std::vector<std::vector<AnnotatedObject>> objects;  ///< [n]
  };

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
  Side side_;
  Path path_;
  std::int64_t epoch_ = 0;
  std::vector<std::int64_t> order_;
  Normalization normalization_;
  std::vector<std::string> skipped_;
  bool started_ = false;
  std::int64_t next_ = 0;
  std::mutex slots_mutex_;
  std::map<std::int64_t, Slot> slots_;
  Prefetch prefetch_;  ///< last, so that it ends before what it works on
};

}  // namespace expandnet::data
