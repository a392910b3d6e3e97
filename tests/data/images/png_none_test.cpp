// PNG in a build without libpng.
#include <expandnet/data/images/image_file.h>

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

}  // namespace
}  // namespace expandnet::data
