#include <expandnet/data/images/image_file.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "data/images/image_files.h"
#include "data/sets/files.h"
#include "testing.h"

namespace expandnet::data {
namespace {

class ImageFileTest : public FilesTest {
 protected:
  static std::string open_error(const std::string& path) {
    return message_of([&] { static_cast<void>(ImageFile(path)); });
  }
  /// Opened and decoded.
  static std::string decode_error(const std::string& path) {
    return message_of([&] { static_cast<void>(decode_whole(path)); });
  }
  static Image decode_whole(const std::string& path) {
    const ImageFile file(path);
    const auto [height, width] = file.size();
    return file.decode({0, 0, height, width}, {height, width}).image;
  }
};

// All the ways that a JPEG may be laid out: sequential or progressive, colour
// at the full resolution, half of it, or a quarter.
std::vector<JpegOptions> layouts() {
  return {{false, 1, 1, "", false}, {false, 2, 1, "", false},
          {false, 1, 2, "", false}, {false, 2, 2, "", false},
          {false, 4, 1, "", false}, {true, 1, 1, "", false},
          {true, 2, 2, "", false}};
}

/// An image whose JPEG is large.
Image noise_image(std::int64_t height, std::int64_t width) {
  auto image = wavy_image(height, width);
  std::mt19937 generator(0);
  for (auto& byte : image.pixels) {
    byte = static_cast<std::uint8_t>(generator());
  }
  return image;
}

/// A crop of at least one pixel, anywhere.
Crop some_crop(ImageSize size, std::mt19937& generator) {
  const auto below = [&](std::int64_t bound) {
    return static_cast<std::int64_t>(generator()) % bound;
  };
  Crop crop;
  crop.height = 1 + below(size.height);
  crop.width = 1 + below(size.width);
  crop.top = below(size.height - crop.height + 1);
  crop.left = below(size.width - crop.width + 1);
  return crop;
}

TEST_F(ImageFileTest, ReadsAllSizesAsLibjpegDoes) {
  for (const auto& [height, width] : std::vector<ImageSize>{
           {1, 1}, {1, 40}, {40, 1}, {7, 5}, {8, 8}, {17, 33}, {64, 100}}) {
    for (const auto& layout : layouts()) {
      const auto bytes = jpeg_file(wavy_image(height, width), layout);
      const auto path = write("image.jpg", bytes);

      EXPECT_EQ(ImageFile(path).size().height, height);
      EXPECT_EQ(ImageFile(path).size().width, width);
      EXPECT_EQ(decode_whole(path).pixels, plain_decode(bytes));
    }
  }
}

TEST_F(ImageFileTest, TakesBytesThatAreInMemoryAlready) {
  const auto text = jpeg_file(wavy_image(7, 5), layouts().front());
  const std::vector<std::uint8_t> bytes(text.begin(), text.end());
  const ImageFile file("a.tar/1.jpg", bytes);

  EXPECT_EQ(file.size().height, 7);
  EXPECT_EQ(file.decode({0, 0, 7, 5}, {7, 5}).image.pixels, plain_decode(text));
  EXPECT_EQ(message_of([] {
              static_cast<void>(ImageFile("a.tar/2.jpg", {1, 2}));
            }),
            "ImageFile: an image is JPEG or PNG, got a file that starts with "
            "01 02 at \"a.tar/2.jpg\"; convert it, or take it out");
}

TEST_F(ImageFileTest, DecodesCropsToTheSamePixels) {
  std::mt19937 generator(0);
  const ImageSize size = {83, 131};
  for (const auto& layout : layouts()) {
    const auto bytes = jpeg_file(wavy_image(size.height, size.width), layout);
    const ImageFile file(write("image.jpg", bytes));
    const Image whole = {size.height, size.width, plain_decode(bytes)};
    for (int i = 0; i < 300; ++i) {
      const auto crop = some_crop(size, generator);

      const auto [image, box] = file.decode(crop, {crop.height, crop.width});

      ASSERT_EQ(image.pixels, cut(whole, crop).pixels)
          << crop.height << " x " << crop.width << " from " << crop.top << ", "
          << crop.left << " of " << layout.horizontal_sampling << " x "
          << layout.vertical_sampling;
      EXPECT_EQ(box.top, 0);
      EXPECT_EQ(box.left, 0);
      EXPECT_EQ(box.height, static_cast<double>(crop.height));
      EXPECT_EQ(box.width, static_cast<double>(crop.width));
    }
  }
}

/// The average of each square of pixels; `image` is divided by them.
Image shrink(const Image& image, std::int64_t factor) {
  Image small = {image.height / factor, image.width / factor, {}};
  for (std::int64_t i = 0; i < small.height * small.width * 3; ++i) {
    const auto y = i / 3 / small.width * factor;
    const auto x = i / 3 % small.width * factor;
    std::int64_t sum = 0;
    for (std::int64_t n = 0; n < factor * factor; ++n) {
      const auto at = (y + n / factor) * image.width + x + n % factor;
      sum += image.pixels[static_cast<std::size_t>(at * 3 + i % 3)];
    }
    small.pixels.push_back(static_cast<std::uint8_t>(sum / factor / factor));
  }
  return small;
}

TEST_F(ImageFileTest, DecodesAtTheSmallestScaleThatServes) {
  const ImageFile file(write("image.jpg", jpeg_file(wavy_image(160, 240))));
  const Crop crop = {32, 48, 96, 160};
  const auto whole = file.decode(crop, {96, 160}).image;
  struct Case {
    ImageSize target;
    std::int64_t factor;
  };
  for (const auto& [target, factor] : std::vector<Case>{{{96, 1}, 1},
                                                        {{49, 1}, 1},
                                                        {{1, 81}, 1},
                                                        {{48, 80}, 2},
                                                        {{25, 1}, 2},
                                                        {{1, 41}, 2},
                                                        {{24, 40}, 4},
                                                        {{13, 20}, 4},
                                                        {{12, 20}, 8},
                                                        {{200, 1}, 1},
                                                        {{1, 1}, 8}}) {
    const auto [image, box] = file.decode(crop, target);

    // The largest and the mean were at most 11 and 1.6 when this was written.
    const auto [largest, mean] = difference(image, shrink(whole, factor));
    EXPECT_LE(largest, 20) << "scale 1/" << factor;
    EXPECT_LE(mean, 3) << "scale 1/" << factor;
    EXPECT_EQ(box.top, 0);
    EXPECT_EQ(box.height, 96.0 / static_cast<double>(factor));
    EXPECT_EQ(box.width, 160.0 / static_cast<double>(factor));
  }
}

TEST_F(ImageFileTest, TellsWhereACropLiesAtAScale) {
  const ImageFile file(write("image.jpg", jpeg_file(wavy_image(83, 131))));

  const auto [image, box] = file.decode({13, 18, 41, 51}, {10, 10});

  // A quarter: rows 3.25 to 13.5 and columns 4.5 to 17.25.
  EXPECT_EQ(image.height, 11);
  EXPECT_EQ(image.width, 14);
  EXPECT_EQ(box.top, 0.25);
  EXPECT_EQ(box.left, 0.5);
  EXPECT_EQ(box.height, 10.25);
  EXPECT_EQ(box.width, 12.75);
  const auto whole = file.decode({0, 0, 83, 131}, {20, 20}).image;
  EXPECT_EQ(image.pixels, cut(whole, {3, 4, 11, 14}).pixels);
}

TEST_F(ImageFileTest, ShowsGreyInThreeChannels) {
  std::vector<std::uint8_t> pixels(std::size_t{20} * 30);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = static_cast<std::uint8_t>(i % 30 * 8);
  }
  const auto bytes = grey_jpeg_file(pixels, {20, 30});
  const auto grey = plain_decode(bytes);

  const auto image = decode_whole(write("grey.jpg", bytes));

  ASSERT_EQ(image.pixels.size(), grey.size() * 3);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    ASSERT_EQ(image.pixels[i], grey[i / 3]);
  }
}

TEST_F(ImageFileTest, ShowsInksAsColours) {
  // Cyan, magenta, yellow and key, each with much of it, a third, or none.
  struct Case {
    std::vector<std::uint8_t> ink;
    std::vector<int> colour;
  };
  for (const auto& [ink, colour] :
       std::vector<Case>{{{0, 0, 0, 0}, {255, 255, 255}},
                         {{255, 0, 0, 0}, {0, 255, 255}},
                         {{0, 85, 255, 0}, {255, 170, 0}},
                         {{0, 0, 85, 85}, {170, 170, 113}},
                         {{0, 0, 0, 255}, {0, 0, 0}}}) {
    for (const auto kind :
         {Ink::kAdobeCmyk, Ink::kAdobeYcck, Ink::kPlainCmyk}) {
      std::vector<std::uint8_t> pixels;
      for (int i = 0; i < 9 * 11 * 4; ++i) {
        pixels.push_back(static_cast<std::uint8_t>(
            255 - ink[static_cast<std::size_t>(i % 4)]));
      }
      const auto path =
          write("cmyk.jpg", cmyk_jpeg_file(pixels, {9, 11}, kind));

      const auto image = decode_whole(path);

      ASSERT_EQ(image.pixels.size(), 9U * 11 * 3);
      for (std::size_t i = 0; i < image.pixels.size(); ++i) {
        ASSERT_NEAR(image.pixels[i], colour[i % 3], 3);  // compression
      }
    }
  }
}

Image mirrored(const Image& image) {
  auto result = image;
  for (std::int64_t i = 0; i < image.height * image.width; ++i) {
    const auto y = i / image.width;
    const auto x = image.width - 1 - i % image.width;
    std::copy_n(image.pixels.begin() + (y * image.width + x) * 3, 3,
                result.pixels.begin() + i * 3);
  }
  return result;
}

Image transposed(const Image& image) {
  Image result = {image.width, image.height, image.pixels};
  for (std::int64_t i = 0; i < image.height * image.width; ++i) {
    const auto y = i % image.height;
    const auto x = i / image.height;
    std::copy_n(image.pixels.begin() + (y * image.width + x) * 3, 3,
                result.pixels.begin() + i * 3);
  }
  return result;
}

/// What viewers do for an EXIF orientation.
Image shown(const Image& image, int orientation) {
  const auto upside_down = [](const Image& stored) {
    return transposed(mirrored(transposed(stored)));
  };
  switch (orientation) {
    case 2:
      return mirrored(image);
    case 3:  // by half a turn
      return upside_down(mirrored(image));
    case 4:
      return upside_down(image);
    case 5:
      return transposed(image);
    case 6:  // by a quarter, clockwise
      return mirrored(transposed(image));
    case 7:
      return upside_down(mirrored(transposed(image)));
    case 8:  // by a quarter, counterclockwise
      return upside_down(transposed(image));
    default:
      return image;
  }
}

TEST_F(ImageFileTest, TurnsAsExifSays) {
  std::mt19937 generator(0);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool little_endian : {false, true}) {
      JpegOptions options;
      options.app1 = exif(orientation, little_endian, orientation % 2 ? 2 : 4);
      const auto bytes = jpeg_file(wavy_image(40, 70), options);
      const auto expected = shown({40, 70, plain_decode(bytes)}, orientation);
      const ImageFile file(write("turned.jpg", bytes));

      ASSERT_EQ(file.size().height, expected.height) << orientation;
      ASSERT_EQ(file.size().width, expected.width) << orientation;
      for (int i = 0; i < 20; ++i) {
        const auto crop = some_crop(file.size(), generator);
        const auto [image, box] = file.decode(crop, {crop.height, crop.width});
        ASSERT_EQ(image.pixels, cut(expected, crop).pixels) << orientation;
        EXPECT_EQ(box.width, static_cast<double>(crop.width));
      }
    }
  }
}

TEST_F(ImageFileTest, LeavesPixelsAsTheyAreStoredIfAsked) {
  JpegOptions options;
  options.app1 = exif(6, true);
  const auto bytes = jpeg_file(wavy_image(40, 70), options);
  const ImageFile file(write("turned.jpg", bytes), ExifOrientation::kIgnored);
  EXPECT_EQ(file.size().height, 40);
  EXPECT_EQ(file.size().width, 70);
  EXPECT_EQ(file.decode({0, 0, 40, 70}, {40, 70}).image.pixels,
            plain_decode(bytes));
}

TEST_F(ImageFileTest, TurnsTheBoxOfAScaledCrop) {
  JpegOptions options;
  options.app1 = exif(6, true);
  const ImageFile file(
      write("turned.jpg", jpeg_file(wavy_image(64, 96), options)));

  // Shown are 96 rows of 64 pixels. At a half, stored: columns 5 / 2 to 45 / 2
  // and rows (64 - 7 - 30) / 2 to (64 - 7) / 2.
  const auto [image, box] = file.decode({5, 7, 40, 30}, {20, 15});

  EXPECT_EQ(image.height, 21);
  EXPECT_EQ(image.width, 16);
  EXPECT_EQ(box.top, 0.5);
  EXPECT_EQ(box.left, 0.5);
  EXPECT_EQ(box.height, 20);
  EXPECT_EQ(box.width, 15);
}

TEST_F(ImageFileTest, IgnoresExifThatIsDamaged) {
  const auto good = exif(6, true);
  std::vector<std::string> damaged;
  for (std::size_t size = 1; size < good.size() - 6; ++size) {
    damaged.push_back(good.substr(0, size));
  }
  const auto change = [&](std::size_t at, char value) {
    damaged.push_back(good);
    damaged.back()[at] = value;
  };
  change(6, 'X');              // the order of bytes
  change(8, 43);               // the magic number
  change(13, '\xff');          // the directory far beyond the end
  change(14 + 2 + 12 + 2, 7);  // another type
  change(14 + 2 + 12 + 4, 2);  // two values
  change(14 + 2 + 12 + 8, 0);  // no orientation
  change(14 + 2 + 12 + 8, 9);
  for (const auto& segment : damaged) {
    JpegOptions options;
    options.app1 = segment;
    const ImageFile file(
        write("image.jpg", jpeg_file(wavy_image(8, 9), options)));

    EXPECT_EQ(file.size().width, 9) << segment.size() << " bytes";
  }
}

TEST_F(ImageFileTest, NamesAFileThatIsMissingOrNone) {
  EXPECT_EQ(open_error(path("none")),
            "cannot open \"" + path("none") + "\": No such file or directory");
  EXPECT_EQ(open_error(folder_),
            "cannot read \"" + folder_ + "\": Is a directory");
}

TEST_F(ImageFileTest, NamesAFileThatIsNoImage) {
  const auto empty = write("empty.jpg", "");
  EXPECT_EQ(open_error(empty),
            "ImageFile: an image is JPEG or PNG, got an empty file at \"" +
                empty + "\"; convert it, or take it out");
  const auto text = write("text.jpg", "a text of some length");
  EXPECT_EQ(open_error(text),
            "ImageFile: an image is JPEG or PNG, got a file that starts with "
            "61 20 74 65 78 74 20 6f at \"" +
                text + "\"; convert it, or take it out");
}

TEST_F(ImageFileTest, RefusesAJpegThatIsCutShort) {
  for (const auto& layout : layouts()) {
    const auto bytes = jpeg_file(wavy_image(60, 50), layout);
    const auto path = this->path("short.jpg");
    for (std::size_t size = 3; size < bytes.size(); size += 1 + size / 50) {
      write("short.jpg", bytes.substr(0, size));

      EXPECT_EQ(
          open_error(path).rfind(
              "ImageFile: the JPEG data must decode, got \"" + path + "\": ",
              0),
          0U)
          << size << " bytes of " << bytes.size();
    }
    write("short.jpg", bytes.substr(0, bytes.size() - 1));
    EXPECT_EQ(open_error(path), "ImageFile: the JPEG data must decode, got \"" +
                                    path +
                                    "\": No end marker; fetch the file again");
  }
}

TEST_F(ImageFileTest, RefusesAJpegWithAGap) {
  const auto bytes = jpeg_file(wavy_image(60, 50));
  const auto path =
      write("gap.jpg", bytes.substr(0, bytes.size() / 2) + "\xff\xd9");

  EXPECT_EQ(decode_error(path),
            "ImageFile: the JPEG data must decode, got \"" + path +
                "\": Corrupt JPEG data: premature end of data segment; fetch "
                "the file again");
}

TEST_F(ImageFileTest, TakesWhatFollowsTheEndOrStandsBeforeIt) {
  for (const bool progressive : {false, true}) {
    JpegOptions options;
    options.progressive = progressive;
    const auto bytes = jpeg_file(wavy_image(60, 50), options);
    const auto data = bytes.substr(0, bytes.size() - 2);
    for (const auto& end : {std::string("\xff\xd9 and more"),
                            std::string(40, 'x') + "\xff\xd9"}) {
      EXPECT_EQ(decode_whole(write("more.jpg", data + end)).pixels,
                plain_decode(bytes));
    }
  }
}

TEST_F(ImageFileTest, IgnoresTheBandOfASequentialScan) {
  const auto bytes = jpeg_file(wavy_image(60, 50));
  auto changed = bytes;
  // Marker, length, channels and two bytes for each of these, then the band.
  const auto band = bytes.find("\xff\xda") + 2 + 2 + 1 + 3 * 2;
  ASSERT_EQ(bytes.substr(band, 3), std::string("\0\x3f\0", 3));
  changed[band + 1] = 0;

  EXPECT_EQ(decode_whole(write("band.jpg", changed)).pixels,
            plain_decode(bytes));
}

TEST_F(ImageFileTest, RefusesManyScans) {
  JpegOptions options;
  options.many_scans = true;
  const auto path = write("scans.jpg", jpeg_file(wavy_image(16, 16), options));

  EXPECT_EQ(decode_error(path),
            "ImageFile: the JPEG data must decode, got \"" + path +
                "\": More than 500 scans; fetch the file again");
}

TEST_F(ImageFileTest, RefusesAnAbsurdSize) {
  auto bytes = jpeg_file(wavy_image(60, 50));
  const auto frame = bytes.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  bytes.replace(frame + 5, 4, "\xff\x00\x80\x00", 4);
  const auto path = write("absurd.jpg", bytes);

  EXPECT_EQ(open_error(path),
            "ImageFile: an image may have 65536 pixels a side and 268435456 "
            "in all, got 65280 x 32768 in \"" +
                path + "\"; scale it down");

  bytes.replace(frame + 5, 4, "\xff\xff\xff\xff", 4);
  write("absurd.jpg", bytes);
  EXPECT_EQ(open_error(path),
            "ImageFile: the JPEG data must decode, got \"" + path +
                "\": Maximum supported image dimension is 65500 pixels; fetch "
                "the file again");
}

TEST_F(ImageFileTest, RefusesACropThatIsNotInside) {
  const auto path = write("image.jpg", jpeg_file(wavy_image(60, 50)));
  const ImageFile file(path);
  for (const auto& crop : std::vector<Crop>{{-1, 0, 5, 5},
                                            {0, -1, 5, 5},
                                            {0, 0, 0, 5},
                                            {0, 0, 5, 0},
                                            {56, 0, 5, 5},
                                            {0, 46, 5, 5},
                                            {61, 0, 5, 5},
                                            {1, 1, INT64_MAX, 5},
                                            {INT64_MAX, 0, 5, 5}}) {
    EXPECT_EQ(expandnet::testing::error_of([&] {
                static_cast<void>(file.decode(crop, {5, 5}));
              }),
              "ImageFile: a crop must lie inside the 60 x 50 pixels of \"" +
                  path + "\", got " + std::to_string(crop.height) + " x " +
                  std::to_string(crop.width) + " from row " +
                  std::to_string(crop.top) + " and column " +
                  std::to_string(crop.left) + "; stay inside size()");
  }
}

// With sanitizers this finds reads and writes out of bounds.
TEST_F(ImageFileTest, SurvivesDamage) {
  std::mt19937 generator(0);
  int refused = 0;
  for (const auto& layout : layouts()) {
    const auto bytes = jpeg_file(wavy_image(40, 50), layout);
    for (int i = 0; i < 100; ++i) {
      auto damaged = bytes;
      for (int n = 0; n < 3; ++n) {
        const auto at = 3 + generator() % (bytes.size() - 3);
        damaged[at] = static_cast<char>(generator());
      }
      const auto path = write("damaged.jpg", damaged);
      const auto error = message_of([&] {
        const ImageFile file(path);
        const auto [height, width] = file.size();
        // Not the whole of what may now be a huge image.
        const Crop crop = {height / 3, width / 3,
                           std::min<std::int64_t>(height - height / 3, 20),
                           std::min<std::int64_t>(width - width / 3, 20)};
        static_cast<void>(file.decode(crop, {5, 5}));
      });
      if (error.empty()) continue;
      ++refused;
      EXPECT_EQ(error.rfind("ImageFile: ", 0), 0U) << error;
      EXPECT_NE(error.find("\"" + path + "\""), std::string::npos) << error;
    }
  }
  EXPECT_GT(refused, 100);
}

TEST_F(ImageFileTest, TellsTheSizeWithoutTheImage) {
  for (const auto& [height, width] :
       std::vector<ImageSize>{{7, 5}, {500, 700}}) {
    const auto bytes = jpeg_file(noise_image(height, width));
    const auto file = write("image.jpg", bytes);
    EXPECT_EQ(read_image_size(file).height, height);
    EXPECT_EQ(read_image_size(file).width, width);
    // As opening does, it finds one that is cut short.
    const auto cut_file = write("cut.jpg", bytes.substr(0, bytes.size() - 9));
    const auto error = open_error(cut_file);
    EXPECT_NE(error, "");
    EXPECT_EQ(message_of([&] { (void)read_image_size(cut_file); }), error);
  }
}

TEST_F(ImageFileTest, RefusesAPipeWithoutWaitingForIt) {
  const auto pipe = path("pipe.jpg");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto refusal =
      "ImageFile: an image must be a file or a link to one, got a pipe or a "
      "device at \"" +
      pipe + "\"; copy what it gives into a file";
  EXPECT_EQ(open_error(pipe), refusal);
  EXPECT_EQ(message_of([&] { (void)read_image_size(pipe); }), refusal);
  std::filesystem::create_symlink(
      write("image.jpg", jpeg_file(wavy_image(7, 5))), path("link.jpg"));
  EXPECT_EQ(ImageFile(path("link.jpg")).size().height, 7);
}

}  // namespace
}  // namespace expandnet::data
