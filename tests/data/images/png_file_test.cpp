// The PNG files of image_file.h.
#include <expandnet/data/images/image_file.h>
#include <png.h>

#include "data/images/image_files.h"
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
