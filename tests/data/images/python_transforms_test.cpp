// Images are evaluated as torchvision's transforms show them.
#include <expandnet/data/images/image_transforms.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "data/images/image_files.h"
#include "data/sets/files.h"
#include "python.h"

namespace expandnet::data {
namespace {

using testing::python_has;
using testing::python_lacks;
using testing::run_python;

class PythonTransforms : public FilesTest {};

TEST_F(PythonTransforms, ShowTheSameForEvaluation) {
  const std::string modules = "PIL, numpy, torchvision";
  if (!python_has(modules)) GTEST_SKIP() << python_lacks(modules);
  const EvalTransform transform;
  const std::vector<ImageSize> sizes = {{375, 500}, {500, 375}, {333, 500},
                                        {120, 90},  {256, 256}, {257, 1001},
                                        {1200, 900}};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    write(std::to_string(i) + ".jpg",
          jpeg_file(wavy_image(sizes[i].height, sizes[i].width,
                               static_cast<int>(i))));
  }

  const std::string script =
      EXPANDNET_TESTS "/data/images/python_transforms.py";
  ASSERT_TRUE(run_python({script, std::to_string(transform.resize),
                          std::to_string(transform.size), folder_}));

  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto name = std::to_string(i);
    const auto ours = transform.read(path(name + ".jpg"));
    // In levels of 255. PIL rounds as we do, but for a few sums; tensors of
    // bytes are rounded with fewer digits.
    for (const auto& [ending, tolerance] :
         {std::pair(".pil", 0.01), std::pair(".tensor", 0.5)}) {
      std::ifstream file(path(name + ending), std::ios::binary);
      Image theirs{transform.size, transform.size, {}};
      theirs.pixels.assign(std::istreambuf_iterator<char>(file), {});
      ASSERT_EQ(theirs.pixels.size(), ours.pixels.size());
      const auto [largest, mean] = difference(ours, theirs);
      EXPECT_LE(mean, tolerance) << name << ending;
      EXPECT_LE(largest, 1) << name << ending;
    }
  }
}

}  // namespace
}  // namespace expandnet::data
