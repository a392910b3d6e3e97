#include "data/images/image_files.h"

// jpeglib.h needs these two before it.
#include <cstddef>
#include <cstdio>
//
#include <jpeglib.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace expandnet::data {

namespace {

struct JpegInput {
  const std::vector<std::uint8_t>& pixels;
  ImageSize size;
  int channels;
  J_COLOR_SPACE given;
  J_COLOR_SPACE stored;
  bool adobe;
};

/// Each coefficient of each channel, and its last two bits, in scans of their
/// own.
std::vector<jpeg_scan_info> many_scans() {
  std::vector<jpeg_scan_info> scans = {{3, {0, 1, 2}, 0, 0, 0, 0}};
  for (int channel = 0; channel < 3; ++channel) {
    for (int k = 1; k < 64; ++k) {
      scans.push_back({1, {channel}, k, k, 0, 2});
      scans.push_back({1, {channel}, k, k, 2, 1});
      scans.push_back({1, {channel}, k, k, 1, 0});
    }
  }
  return scans;
}

/// libjpeg ends the program when this fails.
std::string encode(const JpegInput& input, const JpegOptions& options) {
  jpeg_compress_struct info = {};
  jpeg_error_mgr errors = {};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* data = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &data, &size);
  info.image_height = static_cast<JDIMENSION>(input.size.height);
  info.image_width = static_cast<JDIMENSION>(input.size.width);
  info.input_components = input.channels;
  info.in_color_space = input.given;
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, input.stored);
  info.write_Adobe_marker = input.adobe ? TRUE : FALSE;
  jpeg_set_quality(&info, 90, TRUE);
  if (input.channels == 3) {
    info.comp_info[0].h_samp_factor = options.horizontal_sampling;
    info.comp_info[0].v_samp_factor = options.vertical_sampling;
  }
  if (options.progressive) jpeg_simple_progression(&info);
  const auto scans = many_scans();
  if (options.many_scans) {
    info.scan_info = scans.data();
    info.num_scans = static_cast<int>(scans.size());
  }
  jpeg_start_compress(&info, TRUE);
  if (!options.app1.empty()) {
    jpeg_write_marker(&info, JPEG_APP0 + 1,
                      reinterpret_cast<const JOCTET*>(options.app1.data()),
                      static_cast<unsigned>(options.app1.size()));
  }
  auto pixels = input.pixels;
  while (info.next_scanline < info.image_height) {
    auto* row = pixels.data() + static_cast<std::size_t>(info.next_scanline) *
                                    info.image_width *
                                    static_cast<std::size_t>(input.channels);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  std::string file(reinterpret_cast<const char*>(data), size);
  jpeg_destroy_compress(&info);
  std::free(data);
  return file;
}

}  // namespace

Image wavy_image(std::int64_t height, std::int64_t width, int seed) {
  Image image = {height, width, {}};
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const auto down = static_cast<double>(y) / (7 + c + seed % 5);
        const auto right = static_cast<double>(x) / (11 - 2 * c);
        image.pixels.push_back(
            static_cast<std::uint8_t>(128 + 60 * std::sin(down + right + seed) +
                                      60 * std::cos(right - down / 3 + c)));
      }
    }
  }
  return image;
}

std::string jpeg_file(const Image& image, const JpegOptions& options) {
  return encode(
      {image.pixels, {image.height, image.width}, 3, JCS_RGB, JCS_YCbCr, false},
      options);
}

std::string grey_jpeg_file(const std::vector<std::uint8_t>& pixels,
                           ImageSize size) {
  return encode({pixels, size, 1, JCS_GRAYSCALE, JCS_GRAYSCALE, false}, {});
}

std::string cmyk_jpeg_file(const std::vector<std::uint8_t>& pixels,
                           ImageSize size, Ink ink) {
  return encode(
      {pixels, size, 4, JCS_CMYK, ink == Ink::kAdobeYcck ? JCS_YCCK : JCS_CMYK,
       ink != Ink::kPlainCmyk},
      {});
}

std::vector<std::uint8_t> plain_decode(const std::string& jpeg) {
  jpeg_decompress_struct info = {};
  jpeg_error_mgr errors = {};
  info.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(jpeg.data()),
               jpeg.size());
  jpeg_read_header(&info, TRUE);
  jpeg_start_decompress(&info);
  const auto row_bytes = static_cast<std::size_t>(info.output_width) *
                         static_cast<std::size_t>(info.output_components);
  std::vector<std::uint8_t> pixels(row_bytes * info.output_height);
  while (info.output_scanline < info.output_height) {
    auto* row = pixels.data() + info.output_scanline * row_bytes;
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return pixels;
}

std::string exif(int orientation, bool little_endian, unsigned bytes) {
  std::string segment("Exif\0\0", 6);
  const auto add = [&](unsigned value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) {
      const auto shift = 8 * (little_endian ? i : bytes - 1 - i);
      segment += static_cast<char>(value >> shift & 0xffU);
    }
  };
  segment += little_endian ? "II" : "MM";
  add(42, 2);
  add(8, 4);  // where the directory starts
  add(2, 2);  // its entries: tag, type, count, value
  add(0x0100, 2);
  add(4, 2);
  add(1, 4);
  add(6000, 4);
  add(0x0112, 2);
  add(bytes == 2 ? 3 : 4, 2);
  add(1, 4);
  add(static_cast<unsigned>(orientation), bytes);
  if (bytes == 2) add(0, 2);
  add(0, 4);  // no further directory
  return segment;
}

Image cut(const Image& image, const Crop& crop) {
  Image part = {crop.height, crop.width, {}};
  for (auto y = crop.top; y < crop.top + crop.height; ++y) {
    const auto* row = image.pixels.data() + (y * image.width + crop.left) * 3;
    part.pixels.insert(part.pixels.end(), row, row + crop.width * 3);
  }
  return part;
}

Difference difference(const Image& a, const Image& b) {
  Difference result;
  if (a.height != b.height || a.width != b.width ||
      a.pixels.size() != b.pixels.size() || a.pixels.empty()) {
    return result;
  }
  result = {0, 0};
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    const auto gap = std::abs(a.pixels[i] - b.pixels[i]);
    result.largest = std::max(result.largest, gap);
    result.mean += gap;
  }
  result.mean /= static_cast<double>(a.pixels.size());
  return result;
}

}  // namespace expandnet::data
