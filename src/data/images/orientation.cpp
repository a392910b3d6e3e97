#include "data/images/orientation.h"

#include <algorithm>
#include <array>
#include <utility>

namespace expandnet::data {

namespace {

constexpr std::size_t kExifIdBytes = 6;  // "Exif", 0, 0
constexpr std::size_t kTiffHeaderBytes = 8;
constexpr std::size_t kTiffEntryBytes = 12;
constexpr unsigned kTiffMagic = 42;
// Types of an entry of 16 and of 32 bits; the other programs take both.
constexpr unsigned kTiffShort = 3;
constexpr unsigned kTiffLong = 4;
constexpr unsigned kTiffOrientation = 0x0112;

/// The TIFF structure inside EXIF. What lies beyond its end reads as 0.
class Tiff {
 public:
  Tiff(const std::uint8_t* data, std::size_t size)
      : data_(data), size_(size), little_(size > 0 && data[0] == 'I') {}

  [[nodiscard]] unsigned short_at(std::size_t offset) const {
    return little_ ? byte(offset) | byte(offset + 1) << 8U
                   : byte(offset) << 8U | byte(offset + 1);
  }
  [[nodiscard]] std::size_t long_at(std::size_t offset) const {
    const auto first = static_cast<std::size_t>(short_at(offset));
    const auto second = static_cast<std::size_t>(short_at(offset + 2));
    return little_ ? first | second << 16U : first << 16U | second;
  }
  [[nodiscard]] bool holds(std::size_t offset, std::size_t count) const {
    return offset <= size_ && count <= size_ - offset;
  }

 private:
  [[nodiscard]] unsigned byte(std::size_t offset) const {
    return offset < size_ ? data_[offset] : 0U;
  }

  const std::uint8_t* data_;
  std::size_t size_;
  bool little_;
};

// An image is shown by mirroring what is stored, then transposing.
bool flips_rows(int orientation) {
  return orientation == 3 || orientation == 4 || orientation == 6 ||
         orientation == 7;
}
bool flips_columns(int orientation) {
  return orientation == 2 || orientation == 3 || orientation == 7 ||
         orientation == 8;
}
bool transposes(int orientation) { return orientation >= 5; }

}  // namespace

int exif_orientation(const std::uint8_t* data, std::size_t size) {
  const std::array<std::uint8_t, kExifIdBytes> id = {'E', 'x', 'i', 'f', 0, 0};
  if (size < kExifIdBytes + kTiffHeaderBytes ||
      !std::equal(id.begin(), id.end(), data)) {
    return 0;
  }
  const Tiff tiff(data + kExifIdBytes, size - kExifIdBytes);
  const auto order = tiff.short_at(0);
  const bool known = order == 0x4949U || order == 0x4D4DU;  // "II", "MM"
  if (!known || tiff.short_at(2) != kTiffMagic) return 0;

  const auto directory = tiff.long_at(4);
  const auto entries = tiff.short_at(directory);
  for (unsigned i = 0; i < entries; ++i) {
    const auto entry = directory + 2 + i * kTiffEntryBytes;
    if (!tiff.holds(entry, kTiffEntryBytes)) return 0;
    if (tiff.short_at(entry) != kTiffOrientation) continue;
    const auto type = tiff.short_at(entry + 2);
    const auto value = type == kTiffShort
                           ? std::size_t{tiff.short_at(entry + 8)}
                       : type == kTiffLong ? tiff.long_at(entry + 8)
                                           : 0;
    const bool valid = tiff.long_at(entry + 4) == 1 && value >= 1 && value <= 8;
    return valid ? static_cast<int>(value) : 0;
  }
  return 0;
}

ImageSize oriented_size(ImageSize size, int orientation) {
  if (transposes(orientation)) std::swap(size.height, size.width);
  return size;
}

Crop stored_crop(Crop shown, ImageSize stored, int orientation) {
  if (transposes(orientation)) {
    std::swap(shown.top, shown.left);
    std::swap(shown.height, shown.width);
  }
  if (flips_rows(orientation)) {
    shown.top = stored.height - shown.top - shown.height;
  }
  if (flips_columns(orientation)) {
    shown.left = stored.width - shown.left - shown.width;
  }
  return shown;
}

Box shown_box(Box stored, ImageSize size, int orientation) {
  if (flips_rows(orientation)) {
    stored.top = static_cast<double>(size.height) - stored.top - stored.height;
  }
  if (flips_columns(orientation)) {
    stored.left = static_cast<double>(size.width) - stored.left - stored.width;
  }
  if (transposes(orientation)) {
    std::swap(stored.top, stored.left);
    std::swap(stored.height, stored.width);
  }
  return stored;
}

Image orient(Image stored, int orientation) {
  if (orientation == 1) return stored;
  const auto [height, width] =
      oriented_size({stored.height, stored.width}, orientation);
  Image shown = {height, width,
                 std::vector<std::uint8_t>(stored.pixels.size())};
  auto* pixel = shown.pixels.data();
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x, pixel += 3) {
      auto row = transposes(orientation) ? x : y;
      auto column = transposes(orientation) ? y : x;
      if (flips_rows(orientation)) row = stored.height - 1 - row;
      if (flips_columns(orientation)) column = stored.width - 1 - column;
      std::copy_n(stored.pixels.data() + (row * stored.width + column) * 3, 3,
                  pixel);
    }
  }
  return shown;
}

}  // namespace expandnet::data
