// PNG in a build without libpng.
#include <expandnet/data/images/image_file.h>
#include <expandnet/data/images/mask_file.h>

#include "data/sets/files.h"

namespace expandnet::data {
namespace {

class PngNone : public FilesTest {};

TEST_F(PngNone, IsRefused) {
  const auto path = write("image.png", "\x89PNG\r\n\x1a\n");

  EXPECT_EQ(message_of([&] { static_cast<void>(ImageFile(path)); }),
            "ImageFile: this build reads JPEG alone, got PNG in \"" + path +
                "\"; install libpng and build again, or convert the file");
}

TEST_F(PngNone, HasNoMasks) {
  const auto path = write("mask.png", "\x89PNG\r\n\x1a\n");

  EXPECT_EQ(message_of([&] { static_cast<void>(read_mask(path)); }),
            "read_mask: masks are PNG, which this build cannot read, got \"" +
                path + "\"; install libpng and build again");
}

}  // namespace
}  // namespace expandnet::data
