#include "benchmarks/files/photos.h"

#include <c10/util/Exception.h>

// jpeglib.h needs these two before it.
#include <cstddef>
#include <cstdio>
//
#include <jpeglib.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"

namespace expandnet::examples::bench {

namespace {

constexpr int kHeight = 375;
constexpr int kWidth = 500;
constexpr int kChannels = 3;
constexpr int kQuality = 90;
constexpr int kShapes = 24;
constexpr int kCoarsest = 128;        // pixels between two values of noise
constexpr float kPersistence = .78F;  // of the noise of half the scale
constexpr float kContrast = 130;

/// Numbers from 0 to 1.
class Random {
 public:
  explicit Random(unsigned seed) : generator_(seed) {}
  float operator()() {
    return static_cast<float>(generator_() >> 8U) * 0x1p-24F;
  }

 private:
  std::mt19937 generator_;
};

/// [kHeight, kWidth, kChannels], about 0.
using Canvas = std::vector<float>;

float& at(Canvas& canvas, int y, int x, int channel) {
  const int place = (y * kWidth + x) * kChannels + channel;
  return canvas[static_cast<std::size_t>(place)];
}

/// Random values on a grid of that step, and between them in straight lines.
void add_noise(Canvas& canvas, int step, float amplitude, Random& random) {
  const int columns = kWidth / step + 2;
  const int rows = kHeight / step + 2;
  std::vector<float> grid(static_cast<std::size_t>(rows * columns * kChannels));
  for (auto& value : grid) value = amplitude * (random() - .5F);
  const auto corner = [&](int row, int column, int channel) {
    const int place = (row * columns + column) * kChannels + channel;
    return grid[static_cast<std::size_t>(place)];
  };
  for (int y = 0; y < kHeight; ++y) {
    const int row = y / step;
    const auto down = static_cast<float>(y % step) / static_cast<float>(step);
    for (int x = 0; x < kWidth; ++x) {
      const int column = x / step;
      const auto right =
          static_cast<float>(x % step) / static_cast<float>(step);
      for (int c = 0; c < kChannels; ++c) {
        const auto mix = [&](int r) {
          return (1 - right) * corner(r, column, c) +
                 right * corner(r, column + 1, c);
        };
        at(canvas, y, x, c) += (1 - down) * mix(row) + down * mix(row + 1);
      }
    }
  }
}

/// An ellipse or a rectangle of one colour, through which the rest is seen.
void add_shape(Canvas& canvas, bool ellipse, Random& random) {
  const auto middle_y = random() * kHeight;
  const auto middle_x = random() * kWidth;
  const auto half_height = (.02F + .2F * random()) * kHeight;
  const auto half_width = (.02F + .2F * random()) * kWidth;
  const float colour[kChannels] = {random() - .5F, random() - .5F,
                                   random() - .5F};
  for (int y = 0; y < kHeight; ++y) {
    const auto v = (static_cast<float>(y) - middle_y) / half_height;
    for (int x = 0; x < kWidth; ++x) {
      const auto u = (static_cast<float>(x) - middle_x) / half_width;
      const bool inside =
          ellipse ? u * u + v * v < 1 : std::max(u * u, v * v) < 1;
      if (!inside) continue;
      for (int c = 0; c < kChannels; ++c) {
        auto& value = at(canvas, y, x, c);
        value = .6F * value + .7F * colour[c];
      }
    }
  }
}

std::vector<unsigned char> photo(unsigned seed) {
  Random random(seed);
  Canvas canvas(static_cast<std::size_t>(kHeight * kWidth * kChannels));
  float amplitude = 1;
  for (int step = kCoarsest; step > 0; step /= 2, amplitude *= kPersistence) {
    add_noise(canvas, step, amplitude, random);
  }
  for (int i = 0; i < kShapes; ++i) add_shape(canvas, i % 2 == 0, random);
  std::vector<unsigned char> pixels;
  pixels.reserve(canvas.size());
  for (const auto value : canvas) {
    pixels.push_back(static_cast<unsigned char>(
        std::clamp(128 + kContrast * value, 0.F, 255.F)));
  }
  return pixels;
}

/// libjpeg ends the program when this fails.
void write_jpeg(std::vector<unsigned char> pixels, std::FILE* file) {
  jpeg_compress_struct info = {};
  jpeg_error_mgr errors = {};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  jpeg_stdio_dest(&info, file);
  info.image_height = kHeight;
  info.image_width = kWidth;
  info.input_components = kChannels;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, kQuality, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row =
        pixels.data() + std::size_t{info.next_scanline} * kWidth * kChannels;
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
}

}  // namespace

void write_photos(const std::filesystem::path& folder, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const auto place = folder / (i % 2 == 0 ? "even" : "odd");
    std::filesystem::create_directories(place);
    const auto path = (place / (std::to_string(i) + ".jpg")).string();
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
        std::fopen(path.c_str(), "wb"), std::fclose);
    if (file == nullptr) throw_system_error("open", path, errno);
    write_jpeg(photo(static_cast<unsigned>(i)), file.get());
  }
}

}  // namespace expandnet::examples::bench
