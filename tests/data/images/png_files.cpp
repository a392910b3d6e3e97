#include "data/images/png_files.h"

#include <zlib.h>

#include <array>
#include <cstddef>

namespace expandnet::data {

namespace {

/// Rows and columns of a pass: the first, and the step to the next.
struct Pass {
  std::int64_t top, down, left, right;
};

constexpr std::array<Pass, 7> kAdam7 = {{{0, 8, 0, 8},
                                         {0, 8, 4, 8},
                                         {4, 8, 0, 4},
                                         {0, 4, 2, 4},
                                         {2, 4, 0, 2},
                                         {0, 2, 1, 2},
                                         {1, 2, 0, 1}}};

std::string big_endian(std::uint32_t value) {
  std::string text;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    text += static_cast<char>(value >> shift & 0xffU);
  }
  return text;
}

/// Samples of `depth` bits, one after another, filled up with zeros.
std::string packed(const std::vector<std::uint32_t>& samples, int depth) {
  std::string text;
  int free = 0;  // bits of the last byte
  for (const auto sample : samples) {
    for (int bit = depth - 1; bit >= 0; --bit) {
      if (free == 0) {
        text += '\0';
        free = 8;
      }
      --free;
      const auto last = static_cast<unsigned char>(text.back());
      text.back() = static_cast<char>(last | (sample >> bit & 1U) << free);
    }
  }
  return text;
}

std::string compressed(const std::string& data) {
  auto size = compressBound(data.size());
  std::string result(size, '\0');
  compress(reinterpret_cast<Bytef*>(result.data()), &size,
           reinterpret_cast<const Bytef*>(data.data()), data.size());
  return result.substr(0, size);
}

}  // namespace

std::size_t png_channels(int colour) {
  switch (colour) {
    case 2:
      return 3;
    case 4:
      return 2;
    case 6:
      return 4;
    default:
      return 1;
  }
}

std::string png_chunk(const std::string& name, const std::string& data) {
  const auto body = name + data;
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(body.data()),
                         static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + body +
         big_endian(static_cast<std::uint32_t>(sum));
}

std::string gamma_chunk(std::uint32_t gamma) {
  return png_chunk("gAMA", big_endian(gamma));
}

std::string png_file(const std::vector<std::uint32_t>& samples, ImageSize size,
                     const PngLayout& layout) {
  const auto channels = static_cast<std::int64_t>(png_channels(layout.colour));
  std::string rows;
  const auto add_pass = [&](const Pass& pass) {
    if (pass.left >= size.width) return;
    for (auto y = pass.top; y < size.height; y += pass.down) {
      std::vector<std::uint32_t> row;
      for (auto x = pass.left; x < size.width; x += pass.right) {
        const auto begin = samples.begin() + (y * size.width + x) * channels;
        row.insert(row.end(), begin, begin + channels);
      }
      rows += '\0' + packed(row, layout.depth);  // no filter
    }
  };
  if (layout.interlaced) {
    for (const auto& pass : kAdam7) add_pass(pass);
  } else {
    add_pass({0, 1, 0, 1});
  }
  auto header = big_endian(static_cast<std::uint32_t>(size.width)) +
                big_endian(static_cast<std::uint32_t>(size.height));
  for (const int byte :
       {layout.depth, layout.colour, 0, 0, layout.interlaced ? 1 : 0}) {
    header += static_cast<char>(byte);
  }
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + layout.chunks +
         png_chunk("IDAT", compressed(rows)) + png_chunk("IEND", "");
}

}  // namespace expandnet::data
