#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <expandnet/models/unet.h>
#include <expandnet/tasks/segmentation/tiles.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "testing.h"

namespace expandnet::tasks {
namespace {

using expandnet::testing::error_of;
using expandnet::testing::relative_error;
using models::UNet;
using models::UNetOptions;
using models::UpSampling;

TEST(Tiles, HaveTheLogitsOfTheWholeImage) {
  torch::manual_seed(0);
  const at::NoGradGuard no_grad;
  for (const auto up_sampling :
       {UpSampling::kTransposed, UpSampling::kBilinear}) {
    UNet net(UNetOptions().classes(2).width(1).batch_norm(true).up_sampling(
        up_sampling));
    net->to(at::kDouble);
    net->train();
    net(at::randn({2, 3, 64, 64}, at::kDouble));  // sets running means
    net->eval();
    const auto image = at::randn({1, 3, 300, 331}, at::kDouble);
    TileOptions options;
    options.side = 32;
    options.margin = net->receptive_radius();
    const auto run = [&](const at::Tensor& x) { return net(x); };
    const auto whole = net(image);
    // Sums of products in fp64; their order depends on the size of the image.
    EXPECT_LE(relative_error(tiled_logits(run, image, options), whole), 1e-13);
    options.margin = 0;
    EXPECT_GT(relative_error(tiled_logits(run, image, options), whole), 1e-3);
  }
}

TEST(Tiles, CoverEveryPixelOnce) {
  const auto images = at::randn({2, 3, 50, 37});
  TileOptions options;
  options.side = 16;
  options.margin = 5;  // rounded up
  const auto same = [](const at::Tensor& x) {
    const bool at_origin = x.size(2) % 16 == 0 || x.size(2) % 16 == 50 % 16;
    EXPECT_TRUE(at_origin) << x.size(2);
    EXPECT_LE(x.size(3), 16 + 2 * 16);
    return x;
  };
  EXPECT_TRUE(tiled_logits(same, images, options).equal(images));
}

TEST(TilesErrors, NameTheRuleAndTheValue) {
  const auto same = [](const at::Tensor& x) { return x; };
  const auto images = at::zeros({1, 1, 4, 4});
  EXPECT_EQ(error_of([&] {
              (void)tiled_logits(same, images, {24, 0, 16});
            }),
            "tiled_logits: side must be a multiple of the stride, and neither "
            "it nor the margin negative, got side 24, margin 0 and stride 16");
  EXPECT_EQ(error_of([&] { (void)tiled_logits(same, images[0]); }),
            "tiled_logits: images must be [N, C, H, W], got [1, 4, 4]");
  const auto half = [](const at::Tensor& x) { return x.slice(2, 0, 2); };
  EXPECT_EQ(error_of([&] { (void)tiled_logits(half, images); }),
            "tiled_logits: a net must keep height and width, got [1, 1, 2, 4] "
            "from [1, 1, 4, 4]");
}

}  // namespace
}  // namespace expandnet::tasks
