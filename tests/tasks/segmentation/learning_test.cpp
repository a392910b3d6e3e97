// An expanded net that learns four images, and what contraction leaves of it.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>
#include <expandnet/models/unet.h>
#include <expandnet/models/unet_recipes.h>
#include <expandnet/tasks/segmentation/segmentation.h>
#include <expandnet/tasks/segmentation/segmentation_meter.h>
#include <expandnet/train/optimizers.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cstdint>
#include <string>
#include <tuple>

namespace expandnet::tasks {
namespace {

constexpr std::int64_t kLearned = 3;  // ground and two classes
constexpr std::int64_t kLearnedSide = 48;

/// Four images of noise, each with a bright rectangle of both classes, whose
/// outermost pixels are ignored.
struct FourMasks {
  FourMasks() {
    for (std::int64_t i = 0; i < 4; ++i) {
      place(i, 1, 4 + 3 * i, 5, 14, 12 + 4 * i);
      place(i, 2, 26, 30 - 6 * i, 18 - 2 * i, 15);
    }
  }
  void place(std::int64_t image, std::int64_t label, std::int64_t top,
             std::int64_t left, std::int64_t height, std::int64_t width) const {
    const auto in = [&](const at::Tensor& pixels, std::int64_t inset) {
      return pixels.slice(-2, top + inset, top + height - inset)
          .slice(-1, left + inset, left + width - inset);
    };
    in(images[image][label], 0).add_(1);
    in(labels[image], 0).fill_(255);
    in(labels[image], 1).fill_(label);
  }

  at::Tensor images = at::rand({4, 3, kLearnedSide, kLearnedSide});
  at::Tensor labels = at::zeros({4, kLearnedSide, kLearnedSide}, at::kByte);
};

struct LearningNet {
  explicit LearningNet(const std::string& recipe)
      : net(models::UNetOptions().classes(kLearned).width(4).batch_norm(true)),
        expansion(
            expand(*net, models::unet_recipe(
                             recipe, ExpansionOptions().rate(2).initial_values(
                                         InitialValues::kMatched)))),
        optimizer(expansion.parameters(),
                  torch::optim::AdamWOptions(1e-2).weight_decay(0)) {}

  void learn(const Task& task, const FourMasks& data, int steps) {
    net->train();
    for (int i = 0; i < steps; ++i) {
      expansion.zero_grad();
      task.loss(net->forward(data.images), data.images, data.labels).backward();
      expansion.step(optimizer);
    }
    net->eval();
  }

  models::UNet net;
  Expansion expansion;
  train::AdamW optimizer;
};

TEST(Segmentation, LearnsFourImagesByHeart) {
  torch::manual_seed(0);
  const FourMasks data;
  SegmentationOptions options;
  options.classes = kLearned;
  options.class_weights = {1, 2, 2};
  options.dice = 1;
  const auto task = segmentation(options);
  LearningNet learner("paper");
  learner.learn(task, data, 150);

  const at::NoGradGuard no_grad;
  learner.expansion.contract();
  const auto logits = learner.net->forward(data.images);
  const auto meter = task.meter(at::kCPU);
  meter->add(meter->loss(logits, data.labels), logits, data.labels);
  // By heart, but for some pixels at the edges.
  EXPECT_GT(meter->result().at("mean_iou"), 0.95) << meter->result().at("loss");
}

TEST(Segmentation, ContractionKeepsTheClassOfEveryPixel) {
  // Logits that are closer may change their order by rounding.
  constexpr double kClose = 1e-5;
  for (const auto* recipe : {"paper", "all"}) {
    torch::manual_seed(0);
    const FourMasks data;
    LearningNet learner(recipe);
    SegmentationOptions options;
    options.classes = kLearned;
    learner.learn(segmentation(options), data, 5);

    const at::NoGradGuard no_grad;
    const auto before = learner.net->forward(data.images);
    learner.expansion.contract();
    const auto after = learner.net->forward(data.images);
    const auto two_best = std::get<0>(before.topk(2, 1));
    const auto is_clear =
        (two_best.select(1, 0) - two_best.select(1, 1)).gt(kClose);
    EXPECT_GT(is_clear.to(at::kDouble).mean().item<double>(), 0.99);
    EXPECT_TRUE(before.argmax(1).masked_select(is_clear).equal(
        after.argmax(1).masked_select(is_clear)))
        << recipe;
  }
}

}  // namespace
}  // namespace expandnet::tasks
