#include <expandnet/data/images/image_file.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "data/images/image_decoder.h"
#include "data/images/jpeg.h"
#include "data/images/png_file.h"

namespace expandnet::data {

namespace {

namespace fs = std::filesystem;
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

constexpr std::size_t kImageChunk = std::size_t{1} << 18U;
constexpr std::size_t kImageSignature = 8;

/// Opens a file or a folder, whose reading fails. To open a pipe could take for
/// ever.
File open_bytes(const std::string& where, const std::string& path) {
  std::error_code ignored;
  if (fs::is_other(path, ignored)) {
    throw_file_error(where, "an image must be a file or a link to one",
                     "a pipe or a device at " + in_quotes(path),
                     "copy what it gives into a file");
  }
  File file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) throw_system_error("open", path, errno);
  return file;
}

/// How much to ask for at first: a byte more than the file has, so that one
/// read finds its end.
std::size_t first_chunk(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  const bool usual =
      !error && size <= static_cast<std::uintmax_t>(kImageMaxFileBytes);
  return usual ? static_cast<std::size_t>(size) + 1 : kImageChunk;
}

bool starts_with(const std::vector<std::uint8_t>& bytes,
                 const std::vector<std::uint8_t>& start) {
  return bytes.size() >= start.size() &&
         std::equal(start.begin(), start.end(), bytes.begin());
}

std::string size_text(std::int64_t height, std::int64_t width) {
  return std::to_string(height) + " x " + std::to_string(width);
}

std::unique_ptr<ImageDecoder> open_image(const EncodedImage& image,
                                         ExifOrientation exif) {
  const auto& bytes = image.bytes;
  if (starts_with(bytes, {0xFF, 0xD8, 0xFF})) return open_jpeg(image, exif);
  if (starts_with(bytes, {0x89, 'P', 'N', 'G', 13, 10, 26, 10})) {
    return open_png(image);
  }
  const auto quoted = in_quotes(image.path);
  const auto shown = std::min(bytes.size(), kImageSignature);
  throw_file_error(kImageFile, "an image is JPEG or PNG",
                   bytes.empty()
                       ? "an empty file at " + quoted
                       : "a file that starts with " +
                             hex_bytes({bytes.data(), bytes.data() + shown}) +
                             " at " + quoted,
                   "convert it, or take it out");
}

}  // namespace

std::vector<std::uint8_t> read_image_bytes(const std::string& where,
                                           const std::string& path) {
  const auto file = open_bytes(where, path);
  std::vector<std::uint8_t> bytes;
  auto chunk = first_chunk(path);
  std::size_t got = chunk;
  while (got == chunk) {
    if (!bytes.empty()) chunk = kImageChunk;
    const auto begin = bytes.size();
    if (begin > static_cast<std::size_t>(kImageMaxFileBytes)) {
      throw_file_error(
          where,
          "a file may have " + std::to_string(kImageMaxFileBytes) + " bytes",
          "more in " + in_quotes(path), "give an image");
    }
    bytes.resize(begin + chunk);
    got = std::fread(bytes.data() + begin, 1, chunk, file.get());
    bytes.resize(begin + got);
  }
  if (std::ferror(file.get()) != 0) throw_system_error("read", path, errno);
  return bytes;
}

std::vector<std::uint8_t> read_image_head(const std::string& where,
                                          const std::string& path) {
  const auto file = open_bytes(where, path);
  std::vector<std::uint8_t> bytes(kImageHead);
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file.get()));
  if (std::ferror(file.get()) != 0) throw_system_error("read", path, errno);
  return bytes;
}

void check_image_size(const std::string& where, ImageSize size,
                      const std::string& path) {
  const auto [height, width] = size;
  if (std::max(height, width) <= kImageMaxSide &&
      height * width <= kImageMaxPixels) {
    return;
  }
  throw_file_error(
      where,
      "an image may have " + std::to_string(kImageMaxSide) +
          " pixels a side and " + std::to_string(kImageMaxPixels) + " in all",
      size_text(height, width) + " in " + in_quotes(path), "scale it down");
}

struct ImageFile::Impl {
  Impl(std::string path, std::vector<std::uint8_t> bytes, ExifOrientation exif)
      : image{std::move(path), std::move(bytes)},
        decoder(open_image(image, exif)) {}

  const EncodedImage image;
  const std::unique_ptr<ImageDecoder> decoder;
};

ImageFile::ImageFile(const std::string& path, ExifOrientation exif)
    : ImageFile(path, read_image_bytes(kImageFile, path), exif) {}

ImageFile::ImageFile(std::string path, std::vector<std::uint8_t> bytes,
                     ExifOrientation exif)
    : impl_(std::make_unique<Impl>(std::move(path), std::move(bytes), exif)) {
  check_image_size(kImageFile, size(), impl_->image.path);
}

ImageFile::ImageFile(ImageFile&& other) noexcept = default;
ImageFile& ImageFile::operator=(ImageFile&& other) noexcept = default;
ImageFile::~ImageFile() = default;

ImageSize ImageFile::size() const { return impl_->decoder->size(); }

DecodedCrop ImageFile::decode(const Crop& crop, ImageSize target) const {
  const auto [height, width] = size();
  const bool inside = crop.top >= 0 && crop.left >= 0 && crop.height > 0 &&
                      crop.width > 0 && crop.top <= height &&
                      crop.left <= width && crop.height <= height - crop.top &&
                      crop.width <= width - crop.left;
  if (!inside) {
    throw_argument_error(kImageFile,
                         "a crop must lie inside the " +
                             size_text(height, width) + " pixels of " +
                             in_quotes(impl_->image.path),
                         size_text(crop.height, crop.width) + " from row " +
                             std::to_string(crop.top) + " and column " +
                             std::to_string(crop.left),
                         "stay inside size()");
  }
  return impl_->decoder->decode(crop, target);
}

ImageSize read_image_size(const std::string& path, ExifOrientation exif) {
  return size_by_head(kImageFile, path, [exif](const EncodedImage& image) {
    const auto size = open_image(image, exif)->size();
    check_image_size(kImageFile, size, image.path);
    return size;
  });
}

}  // namespace expandnet::data
