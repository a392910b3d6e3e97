// The PNG files of image_file.h.
#include <expandnet/data/images/image_file.h>
#include <png.h>

#include "data/images/image_files.h"
#include "data/images/png_files.h"
#include "data/sets/files.h"

namespace expandnet::data {
namespace {

class PngFile : public FilesTest {};

/// `format` is one of libpng's.
std::string png_bytes(const std::vector<std::uint8_t>& pixels, ImageSize size,
                      png_uint_32 format) {
  png_image info = {};
  info.version = PNG_IMAGE_VERSION;
  info.height = static_cast<png_uint_32>(size.height);
  info.width = static_cast<png_uint_32>(size.width);
  info.format = format;
  png_alloc_size_t count = 0;
  png_image_write_to_memory(&info, nullptr, &count, 0, pixels.data(), 0,
                            nullptr);
  std::string bytes(count, '\0');
  png_image_write_to_memory(&info, bytes.data(), &count, 0, pixels.data(), 0,
                            nullptr);
  return bytes.substr(0, count);
}

TEST_F(PngFile, ReadsCropsOfColourImages) {
  const auto image = wavy_image(20, 30);
  // The name is not what tells.
  const ImageFile file(
      write("image.JPEG", png_bytes(image.pixels, {20, 30}, PNG_FORMAT_RGB)));

  EXPECT_EQ(file.size().height, 20);
  EXPECT_EQ(file.size().width, 30);
  const auto [part, box] = file.decode({3, 4, 16, 25}, {1, 1});
  EXPECT_EQ(part.height, 16);
  EXPECT_EQ(part.width, 25);
  EXPECT_EQ(part.pixels, cut(image, {3, 4, 16, 25}).pixels);
  EXPECT_EQ(box.height, 16);
  EXPECT_EQ(box.width, 25);
}

TEST_F(PngFile, ReadsGreyAndDropsTransparency) {
  const ImageFile grey(write(
      "grey.png", png_bytes({0, 100, 200, 255}, {2, 2}, PNG_FORMAT_GRAY)));
  EXPECT_EQ(grey.decode({0, 0, 2, 2}, {2, 2}).image.pixels,
            (std::vector<std::uint8_t>{0, 0, 0, 100, 100, 100, 200, 200, 200,
                                       255, 255, 255}));

  const ImageFile clear(write(
      "clear.png",
      png_bytes({10, 20, 30, 0, 40, 50, 60, 128}, {1, 2}, PNG_FORMAT_RGBA)));
  EXPECT_EQ(clear.decode({0, 0, 1, 2}, {1, 2}).image.pixels,
            (std::vector<std::uint8_t>{10, 20, 30, 40, 50, 60}));
}

/// The kinds of the standard, flat and interlaced.
std::vector<PngLayout> png_layouts() {
  std::vector<PngLayout> layouts;
  for (const bool interlaced : {false, true}) {
    for (const int depth : {1, 2, 4, 8, 16}) {
      layouts.push_back({depth, 0, interlaced, ""});
      if (depth < 16) layouts.push_back({depth, 3, interlaced, ""});
      if (depth < 8) continue;
      for (const int colour : {2, 4, 6}) {
        layouts.push_back({depth, colour, interlaced, ""});
      }
    }
  }
  return layouts;
}

/// Colours of a palette: red counts up, green down, blue in threes.
std::vector<std::uint8_t> palette_colour(std::uint32_t i) {
  return {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(255 - i),
          static_cast<std::uint8_t>(i * 3)};
}

std::string palette_chunk(int depth) {
  std::string colours;
  for (std::uint32_t i = 0; i < 1U << static_cast<unsigned>(depth); ++i) {
    for (const auto byte : palette_colour(i)) {
      colours += static_cast<char>(byte);
    }
  }
  return png_chunk("PLTE", colours);
}

/// Other ones in neighbouring rows, columns and channels; the high byte of 16
/// bits is not the rounded one.
std::vector<std::uint32_t> some_samples(ImageSize size,
                                        const PngLayout& layout) {
  const auto count = static_cast<std::size_t>(size.height * size.width) *
                     png_channels(layout.colour);
  const auto most = (1U << static_cast<unsigned>(layout.depth)) - 1;
  std::vector<std::uint32_t> samples;
  for (std::size_t i = 0; i < count; ++i) {
    samples.push_back(static_cast<std::uint32_t>(i * 40503 + i / 7) & most);
  }
  return samples;
}

/// Red, green and blue of the samples, by hand.
std::vector<std::uint8_t> colours_of(const std::vector<std::uint32_t>& samples,
                                     const PngLayout& layout) {
  const auto byte = [&](std::uint32_t sample) {
    const auto most = (1U << static_cast<unsigned>(layout.depth)) - 1;
    return static_cast<std::uint8_t>(layout.depth == 16 ? sample >> 8U
                                                        : sample * 255 / most);
  };
  const auto channels = png_channels(layout.colour);
  std::vector<std::uint8_t> colours;
  for (std::size_t i = 0; i < samples.size(); i += channels) {
    std::vector<std::uint8_t> pixel = {byte(samples[i]), byte(samples[i]),
                                       byte(samples[i])};
    if (layout.colour == 3) pixel = palette_colour(samples[i]);
    if (channels > 2) pixel[1] = byte(samples[i + 1]);
    if (channels > 2) pixel[2] = byte(samples[i + 2]);
    colours.insert(colours.end(), pixel.begin(), pixel.end());
  }
  return colours;
}

TEST_F(PngFile, ReadsEveryKindOfTheStandardToTheBit) {
  const ImageSize size = {11, 13};
  for (auto layout : png_layouts()) {
    const bool has_palette = layout.colour == 3;
    // Colours that count as transparent stay, and no gamma changes them.
    std::vector<std::string> chunks = {"", gamma_chunk(100000),
                                       gamma_chunk(55556), gamma_chunk(45455),
                                       png_chunk("sRGB", std::string(1, '\0'))};
    if (has_palette || layout.colour == 0) {
      chunks.push_back(png_chunk("tRNS", std::string("\0\1", 2)));
    }
    if (layout.colour == 2) {
      chunks.push_back(png_chunk("tRNS", std::string("\0\1\0\2\0\3", 6)));
    }
    for (const auto& chunk : chunks) {
      const auto palette = has_palette ? palette_chunk(layout.depth) : "";
      const bool comes_after = chunk.find("tRNS") != std::string::npos;
      layout.chunks = comes_after ? palette + chunk : chunk + palette;
      const auto samples = some_samples(size, layout);
      const ImageFile file(write("kind.png", png_file(samples, size, layout)));

      const auto image = file.decode({0, 0, 11, 13}, size).image;

      EXPECT_EQ(image.pixels, colours_of(samples, layout))
          << layout.depth << " bits, colour type " << layout.colour
          << (layout.interlaced ? ", interlaced" : "") << ", "
          << (chunk.empty() ? "plain" : chunk.substr(4, 4));
    }
  }
}

TEST_F(PngFile, TakesTheHighByteOfSixteenBits) {
  const ImageFile file(
      write("grey.png", png_file({0, 0xff, 0x100, 0x80ff, 0xfeff, 0xffff},
                                 {1, 6}, {16, 0, false, gamma_chunk(100000)})));

  EXPECT_EQ(file.decode({0, 0, 1, 6}, {1, 6}).image.pixels,
            (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 1, 1, 1, 128, 128, 128,
                                       254, 254, 254, 255, 255, 255}));
}

TEST_F(PngFile, IsReadTwiceAlike) {
  const PngLayout layout = {16, 6, true, ""};
  const auto samples = some_samples({11, 13}, layout);
  const ImageFile file(write("twice.png", png_file(samples, {11, 13}, layout)));
  const Crop crop = {2, 3, 7, 8};
  const auto first = file.decode(crop, {7, 8}).image.pixels;

  EXPECT_EQ(first, cut({11, 13, colours_of(samples, layout)}, crop).pixels);
  EXPECT_EQ(file.decode(crop, {7, 8}).image.pixels, first);
}

TEST_F(PngFile, SaysWhereTheDataAreWrong) {
  auto bytes = png_file(std::vector<std::uint32_t>(300, 7), {10, 10}, {});
  bytes[bytes.size() - 13] ^= 1;  // the checksum of the data
  const auto path = write("wrong.png", bytes);

  EXPECT_EQ(message_of([&] {
              static_cast<void>(ImageFile(path).decode({0, 0, 5, 5}, {5, 5}));
            }),
            "ImageFile: the PNG data must decode, got \"" + path +
                "\": IDAT: CRC error; fetch the file again");
}

TEST_F(PngFile, RefusesOneThatIsCutShort) {
  const auto bytes =
      png_bytes(wavy_image(20, 30).pixels, {20, 30}, PNG_FORMAT_RGB);
  for (const auto size :
       {std::size_t{8}, std::size_t{30}, bytes.size() / 2, bytes.size() - 20}) {
    const auto path = write("short.png", bytes.substr(0, size));

    const auto error = message_of([&] {
      static_cast<void>(ImageFile(path).decode({0, 0, 5, 5}, {5, 5}));
    });

    EXPECT_EQ(
        error.rfind(
            "ImageFile: the PNG data must decode, got \"" + path + "\": ", 0),
        0U)
        << size << " bytes: " << error;
  }
}

TEST_F(PngFile, RefusesAnAbsurdSize) {
  // A header of 100,000 x 2 pixels, with its checksum.
  const std::string bytes(
      "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\1\x86\xa0\0\0\0\2\x08\2\0\0\0"
      "\x54\x88\xf3\x2c"
      "\0\0\0\0IDAT\x35\xaf\x06\x1e",
      45);
  const auto path = write("absurd.png", bytes);

  EXPECT_EQ(message_of([&] { static_cast<void>(ImageFile(path)); }),
            "ImageFile: an image may have 65536 pixels a side and 268435456 "
            "in all, got 2 x 100000 in \"" +
                path + "\"; scale it down");
}

}  // namespace
}  // namespace expandnet::data
