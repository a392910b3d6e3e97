#include <expandnet/data/images/image_file.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "data/images/jpeg.h"
#include "data/images/orientation.h"
#include "data/images/png_file.h"

namespace expandnet::data {

namespace {

constexpr std::size_t kImageChunk = std::size_t{1} << 18U;
constexpr std::size_t kImageSignature = 8;

const std::string& image_file() {
  static const std::string where = "ImageFile";
  return where;
}

/// How much to ask for at first: a byte more than the file has, so that one
/// read finds its end. Of a pipe or device no size is known.
std::size_t first_chunk(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  const bool usual =
      !error && size <= static_cast<std::uintmax_t>(kImageMaxFileBytes);
  return usual ? static_cast<std::size_t>(size) + 1 : kImageChunk;
}

std::vector<std::uint8_t> read_image_bytes(const std::string& path) {
  const auto quoted = "\"" + path + "\"";
  errno = 0;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) {
    throw_file_error(image_file(), "the file must open",
                     quoted + ": " + std::strerror(errno),
                     "check the path and the permission to read");
  }
  std::vector<std::uint8_t> bytes;
  auto chunk = first_chunk(path);
  std::size_t got = chunk;
  while (got == chunk) {
    if (!bytes.empty()) chunk = kImageChunk;
    const auto begin = bytes.size();
    if (begin > static_cast<std::size_t>(kImageMaxFileBytes)) {
      throw_file_error(
          image_file(),
          "a file may have " + std::to_string(kImageMaxFileBytes) + " bytes",
          "more in " + quoted, "give an image");
    }
    bytes.resize(begin + chunk);
    got = std::fread(bytes.data() + begin, 1, chunk, file.get());
    bytes.resize(begin + got);
  }
  if (std::ferror(file.get()) != 0) {
    throw_file_error(image_file(), "the file must be readable",
                     quoted + ": " + std::strerror(errno), "give an image");
  }
  return bytes;
}

bool starts_with(const std::vector<std::uint8_t>& bytes,
                 const std::vector<std::uint8_t>& start) {
  return bytes.size() >= start.size() &&
         std::equal(start.begin(), start.end(), bytes.begin());
}

std::string size_text(std::int64_t height, std::int64_t width) {
  return std::to_string(height) + " x " + std::to_string(width);
}

}  // namespace

ImageFile::ImageFile(const std::string& path)
    : ImageFile(path, read_image_bytes(path)) {}

ImageFile::ImageFile(std::string path, std::vector<std::uint8_t> bytes)
    : path_(std::move(path)), bytes_(std::move(bytes)) {
  const auto quoted = "\"" + path_ + "\"";
  if (starts_with(bytes_, {0xFF, 0xD8, 0xFF})) {
    const auto header = read_jpeg_header(image_file(), path_, bytes_);
    orientation_ = header.orientation;
    size_ = oriented_size(header.size, orientation_);
  } else if (starts_with(bytes_, {0x89, 'P', 'N', 'G', 13, 10, 26, 10})) {
    format_ = Format::kPng;
    size_ = read_png_header(image_file(), path_, bytes_);
  } else {
    bytes_.resize(std::min(bytes_.size(), kImageSignature));
    throw_file_error(image_file(), "an image is JPEG or PNG",
                     bytes_.empty() ? "an empty file at " + quoted
                                    : "a file that starts with " +
                                          hex_bytes(bytes_) + " at " + quoted,
                     "convert it, or take it out");
  }
  const auto [height, width] = size_;
  if (std::max(height, width) > kImageMaxSide ||
      height * width > kImageMaxPixels) {
    throw_file_error(
        image_file(),
        "an image may have " + std::to_string(kImageMaxSide) +
            " pixels a side and " + std::to_string(kImageMaxPixels) + " in all",
        size_text(height, width) + " in " + quoted, "scale it down");
  }
}

DecodedCrop ImageFile::decode(const Crop& crop, ImageSize target) const {
  const bool inside = crop.top >= 0 && crop.left >= 0 && crop.height > 0 &&
                      crop.width > 0 && crop.top <= size_.height &&
                      crop.left <= size_.width &&
                      crop.height <= size_.height - crop.top &&
                      crop.width <= size_.width - crop.left;
  if (!inside) {
    throw_file_error(image_file(),
                     "a crop must lie inside the " +
                         size_text(size_.height, size_.width) +
                         " pixels of \"" + path_ + "\"",
                     size_text(crop.height, crop.width) + " from row " +
                         std::to_string(crop.top) + " and column " +
                         std::to_string(crop.left),
                     "stay inside size()");
  }
  if (format_ == Format::kPng) {
    return {decode_png(image_file(), path_, bytes_, crop),
            {0, 0, static_cast<double>(crop.height),
             static_cast<double>(crop.width)}};
  }
  auto [image, box] = decode_jpeg(
      image_file(), path_, bytes_,
      stored_crop(crop, oriented_size(size_, orientation_), orientation_),
      oriented_size(target, orientation_));
  box = shown_box(box, {image.height, image.width}, orientation_);
  return {orient(std::move(image), orientation_), box};
}

}  // namespace expandnet::data
