// The masks of mask_file.h and their labels.
#include <expandnet/data/images/label_image.h>
#include <expandnet/data/images/mask_file.h>

#include <algorithm>
#include <random>

#include "data/images/image_files.h"
#include "data/images/png_files.h"
#include "data/sets/files.h"

namespace expandnet::data {
namespace {

class MaskFile : public FilesTest {
 protected:
  [[nodiscard]] std::string mask_error(const std::string& bytes) const {
    const auto file = write("mask.png", bytes);
    return message_of([&] { static_cast<void>(read_mask(file)); });
  }
};

/// Random samples of so many bits, those of one channel a pixel.
std::vector<std::uint32_t> random_indices(ImageSize size, int depth,
                                          int channels = 1) {
  std::mt19937 generator(static_cast<unsigned>(depth));
  std::vector<std::uint32_t> samples(
      static_cast<std::size_t>(size.height * size.width * channels));
  for (auto& sample : samples) sample = generator() % (1U << depth);
  return samples;
}

/// A palette whose colours tell nothing of their indices.
std::string palette_of(int depth) {
  std::string colours;
  for (int i = 0; i < 3 << depth; ++i) colours += static_cast<char>(7 * i + 99);
  return png_chunk("PLTE", colours);
}

TEST_F(MaskFile, ReadsIndicesOfEveryDepth) {
  const ImageSize size = {11, 13};
  for (const bool interlaced : {false, true}) {
    for (const int colour : {0, 3}) {
      for (const int depth : {1, 2, 4, 8, 16}) {
        if (colour == 3 && depth == 16) continue;  // there is none
        const auto samples = random_indices(size, depth);
        PngLayout layout;
        layout.depth = depth;
        layout.colour = colour;
        layout.interlaced = interlaced;
        layout.chunks = gamma_chunk(45455);
        if (colour == 3) layout.chunks += palette_of(depth);

        const auto path = write("mask.png", png_file(samples, size, layout));

        EXPECT_EQ(read_mask_size(path).width, size.width);
        const auto mask = read_mask(path);
        EXPECT_EQ(mask.height, size.height);
        EXPECT_EQ(mask.width, size.width);
        EXPECT_TRUE(std::equal(samples.begin(), samples.end(),
                               mask.indices.begin(), mask.indices.end()))
            << depth << " bits, colour type " << colour << ", interlaced "
            << interlaced;
      }
    }
  }
}

TEST_F(MaskFile, TakesTransparencyForNoIndex) {
  PngLayout layout;
  layout.colour = 3;
  layout.chunks = palette_of(8) + png_chunk("tRNS", std::string(9, '\0'));
  const auto samples = random_indices({3, 4}, 8);
  const auto mask =
      read_mask(write("mask.png", png_file(samples, {3, 4}, layout)));
  EXPECT_TRUE(std::equal(samples.begin(), samples.end(), mask.indices.begin(),
                         mask.indices.end()));
}

TEST_F(MaskFile, NamesAFileOfAnotherKind) {
  struct Kind {
    int colour;
    int channels;
    std::string words;
  };
  for (const auto& [colour, channels, words] :
       std::vector<Kind>{{2, 3, "RGB"},
                         {4, 2, "grey with transparency"},
                         {6, 4, "RGB with transparency"}}) {
    PngLayout layout;
    layout.colour = colour;
    EXPECT_EQ(mask_error(png_file(random_indices({2, 3}, 8, channels), {2, 3},
                                  layout)),
              "read_mask: a mask is a PNG with a palette or grey, got " +
                  words + " in \"" + path("mask.png") +
                  "\"; write the indices of the classes");
  }
  EXPECT_EQ(mask_error(jpeg_file(wavy_image(8, 8))).substr(0, 91),
            "read_mask: a mask is a PNG with a palette or grey, got a file "
            "that starts with ff d8 ff e0 ");
  EXPECT_EQ(mask_error(""),
            "read_mask: a mask is a PNG with a palette or grey, got an empty "
            "file at \"" +
                path("mask.png") + "\"; write the indices of the classes");
}

TEST_F(MaskFile, NamesAFileThatIsCutShortOrMissing) {
  PngLayout layout;
  layout.colour = 0;
  const auto bytes = png_file(random_indices({9, 9}, 8), {9, 9}, layout);
  EXPECT_EQ(mask_error(bytes.substr(0, 60)),
            "read_mask: the PNG data must decode, got \"" + path("mask.png") +
                "\": read beyond end of data; fetch the file again");
  EXPECT_EQ(
      message_of([&] { (void)read_mask(path("none.png")); }),
      "cannot open \"" + path("none.png") + "\": No such file or directory");
}

TEST_F(MaskFile, FindsTheSizeByTheHead) {
  PngLayout layout;
  layout.colour = 0;
  const auto bytes = png_file(random_indices({9, 7}, 8), {9, 7}, layout);
  const auto size_of = [&](const std::string& content) {
    const auto [height, width] = read_mask_size(write("mask.png", content));
    return std::pair(height, width);
  };
  const std::pair<std::int64_t, std::int64_t> size = {9, 7};
  EXPECT_EQ(size_of(bytes), size);
  EXPECT_EQ(size_of(bytes + std::string(1 << 20, '\0')), size);
  // Chunks that fill the head make it read on.
  layout.chunks = png_chunk("prVt", std::string(1 << 17, 'x'));
  EXPECT_EQ(size_of(png_file(random_indices({9, 7}, 8), {9, 7}, layout)), size);
  EXPECT_EQ(
      message_of([&] {
        (void)read_mask_size(write("mask.png", std::string(1 << 17, '\0')));
      }),
      "read_mask: a mask is a PNG with a palette or grey, got a file "
      "that starts with 00 00 00 00 00 00 00 00 at \"" +
          path("mask.png") + "\"; write the indices of the classes");
}

TEST_F(MaskFile, RefusesAnAbsurdSize) {
  PngLayout layout;
  layout.colour = 0;
  // The header says more than the data have.
  auto bytes = png_file({1}, {1, 1}, layout);
  const std::string size("\x00\x01\x00\x01\x00\x00\x00\x01", 8);
  const auto header = png_chunk("IHDR", size + std::string("\x08\0\0\0\0", 5));
  bytes.replace(8, header.size(), header);
  EXPECT_EQ(mask_error(bytes),
            "read_mask: an image may have 65536 pixels a side and 268435456 in "
            "all, got 1 x 65537 in \"" +
                path("mask.png") + "\"; scale it down");
}

TEST_F(MaskFile, GivesIndicesTheirLabels) {
  PngLayout layout;
  layout.colour = 0;
  layout.depth = 16;
  const auto file =
      write("mask.png", png_file({0, 1, 300, 300, 0, 2}, {2, 3}, layout));
  IndexLabels labels(301, -1);
  labels[0] = 1;
  labels[1] = 0;
  labels[300] = kIgnoredLabel;
  labels[2] = 1;
  const auto image = read_labels(file, labels);
  EXPECT_EQ(image.height, 2);
  EXPECT_EQ(image.width, 3);
  EXPECT_EQ(image.labels, (std::vector<std::uint8_t>{1, 0, 255, 255, 1, 1}));

  const auto error = [&] {
    return message_of([&] { (void)read_labels(file, labels); });
  };
  const auto end = path("mask.png") + "\"; correct the mask or give the class";
  labels[2] = -1;
  EXPECT_EQ(error(),
            "read_labels: an index of a mask must have a class, got 2 at "
            "column 2, row 1 of \"" +
                end);
  labels.pop_back();
  EXPECT_EQ(error(),
            "read_labels: an index of a mask must have a class, got 300 at "
            "column 2, row 0 of \"" +
                end);
}

}  // namespace
}  // namespace expandnet::data
