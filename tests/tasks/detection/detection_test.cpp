// Detection as a task: its loss, its meters, and a net that learns four images
// by heart.
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <expandnet/data/loading/box_targets.h>
#include <expandnet/models/yolo_lite.h>
#include <expandnet/models/yolo_lite_recipes.h>
#include <expandnet/passes/expand.h>
#include <expandnet/tasks/detection/average_precision.h>
#include <expandnet/tasks/detection/decode.h>
#include <expandnet/tasks/detection/detection.h>
#include <expandnet/tasks/detection/detection_meter.h>
#include <expandnet/train/evaluate.h>
#include <expandnet/train/optimizers.h>
#include <expandnet/train/training.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <vector>

#include "testing.h"

namespace expandnet::tasks {
namespace {

using expandnet::testing::error_of;

constexpr std::int64_t kClasses = 2;

DetectionOptions two_classes() {
  DetectionOptions options;
  options.classes = kClasses;
  options.anchors = {{1, 1}, {2, 2}};
  return options;
}

/// A box of a picture, as shares of it.
struct Object {
  double x, y, width, height;
  std::int64_t label;
};

/// The targets of evaluations: one image after another, each `side` pixels wide
/// and high and shown as a whole.
data::Tensors targets_of(const std::vector<std::vector<Object>>& images,
                         double side, std::int64_t first = 0) {
  const auto count = static_cast<std::int64_t>(images.size());
  const auto boxes = at::full({count, 3, 5}, -1.0F);
  const auto meant =
      at::full({count, 3, data::kMeantColumns}, -1.0, at::kDouble);
  const auto numbers = at::zeros({count, data::kImageColumns}, at::kDouble);
  for (std::int64_t i = 0; i < count; ++i) {
    numbers[i] = at::tensor(
        {static_cast<double>(first + i), side, side, 0.0, 0.0, side, side},
        at::kDouble);
    std::int64_t k = 0;
    for (const auto& object : images[static_cast<std::size_t>(i)]) {
      const auto label = static_cast<double>(object.label);
      boxes[i][k] =
          at::tensor({object.x, object.y, object.width, object.height, label});
      meant[i][k++] = at::tensor(
          {side * (object.x - object.width / 2),
           side * (object.y - object.height / 2), side * object.width,
           side * object.height, label, 0.0, 0.0},
          at::kDouble);
    }
  }
  return std::vector<at::Tensor>{boxes, meant, numbers};
}

/// Raw outputs [n, 2 (5 + 2), 2, 2] that mean the objects, each by the second
/// anchor of its cell, with scores that fall.
at::Tensor output_of(const std::vector<std::vector<Object>>& images) {
  const auto count = static_cast<std::int64_t>(images.size());
  auto output = at::zeros({count, 2, 5 + kClasses, 2, 2});
  output.select(2, 4).fill_(-20);
  const auto logit = [](double p) { return std::log(p / (1 - p)); };
  for (std::int64_t i = 0; i < count; ++i) {
    double object_logit = 8;
    for (const auto& object : images[static_cast<std::size_t>(i)]) {
      const auto column = static_cast<std::int64_t>(2 * object.x);
      const auto row = static_cast<std::int64_t>(2 * object.y);
      const auto raw = output[i][1].select(2, column).select(1, row);
      raw[0] = logit(2 * object.x - static_cast<double>(column));
      raw[1] = logit(2 * object.y - static_cast<double>(row));
      raw[2] = std::log(object.width);  // 2 cells are the picture
      raw[3] = std::log(object.height);
      raw[4] = object_logit--;
      raw[5 + object.label] = 9;
    }
  }
  return output.flatten(1, 2);
}

const std::vector<std::vector<Object>> kImages = {
    {{.3, .3, .4, .5, 0}, {.7, .8, .5, .3, 1}},
    {{.6, .3, .6, .4, 1}},
    {{.2, .7, .3, .3, 0}, {.8, .2, .2, .2, 0}},
    {}};

TEST(Detection, HasTheLossOfItsImagesWithThePriorAtFirst) {
  at::manual_seed(1);
  const auto options = two_classes();
  const auto task = detection(options, at::kCPU);
  const auto output = at::randn({4, 2 * (5 + kClasses), 2, 2});
  const auto boxes = targets_of(kImages, 100).all()[0];
  const auto anchors = at::tensor({1.0F, 1.0F, 2.0F, 2.0F}).view({2, 2});
  for (const std::int64_t seen : {0, 12'799, 12'800}) {
    const data::Tensors targets =
        std::vector<at::Tensor>{boxes, at::full({}, seen, at::kLong)};
    auto weights = options.loss;
    weights.prior = region_prior(seen);
    const auto expected = region_loss(output, boxes, anchors, weights);
    const auto loss = task.loss(output, {}, targets);
    EXPECT_NEAR(loss.item<double>(), expected.total.item<double>(), 1e-5)
        << seen;
    const auto meter = task.training_meter(at::kCPU);
    meter->add(loss, output, targets);
    const auto metrics = meter->result();
    EXPECT_EQ(metrics.at("loss"), loss.item<double>());
    EXPECT_EQ(metrics.at("coordinates"), expected.coordinates.item<double>());
    EXPECT_EQ(metrics.at("object"), expected.object.item<double>());
    EXPECT_EQ(metrics.at("no_object"), expected.no_object.item<double>());
    EXPECT_EQ(metrics.at("classes"), expected.classes.item<double>());
  }
}

TEST(Detection, RefusesToHaveNoClassesOrAnchors) {
  auto options = two_classes();
  options.classes = 0;
  EXPECT_EQ(error_of([&] { static_cast<void>(detection(options, at::kCPU)); }),
            "detection: there must be a class, got 0");
  options = two_classes();
  options.anchors.clear();
  EXPECT_EQ(error_of([&] { static_cast<void>(detection(options, at::kCPU)); }),
            "detection: there must be an anchor, got none; give those of "
            "yolo_lite_anchors or fit_anchors");
}

TEST(DetectionMeters, FindAPrecisionOfOneWhereAllIsFound) {
  DetectionMeter meter(two_classes(), at::kCPU);
  const auto targets = targets_of(kImages, 100);
  const auto output = output_of(kImages);
  meter.add(meter.loss(output, targets), output, targets);
  EXPECT_NEAR(meter.result().at("map"), 1, 1e-12);
  EXPECT_NEAR(meter.result().at("loss"),
              meter.loss(output, targets).item<double>(), 1e-6);
  EXPECT_EQ(meter.matches().meant(), (std::vector<std::int64_t>{3, 2}));

  meter.reset();
  EXPECT_EQ(meter.rows().size(0), 0);
  // The first image's objects are those of the second: 1 of 5 is hit.
  auto wrong = kImages;
  wrong[0] = wrong[2] = {};
  const auto fewer = output_of(wrong);
  meter.add(meter.loss(fewer, targets), fewer, targets);
  // Of class 1, half is found at a precision of 1: 6 of 11 points.
  EXPECT_NEAR(meter.result().at("map"), (0 + 6.0 / 11) / 2, 1e-12);
}

TEST(DetectionMeters, TellPrecisionsAndCurvesOfClasses) {
  // Of class 0 nothing is found, of class 1 half, and of class 2 nothing meant.
  auto options = two_classes();
  options.classes = 3;
  DetectionMeter meter(options, at::kCPU);
  EXPECT_FALSE(meter.class_scores()->classes.at(0).value.has_value());
  auto found = kImages;
  found[0] = found[2] = {};
  const auto targets = targets_of(kImages, 100);
  const auto two = output_of(found).view({4, 2, 5 + kClasses, 2, 2});
  const auto output =
      at::cat({two, at::full({4, 2, 1, 2, 2}, -20.0)}, 2).flatten(1, 2);
  meter.add(meter.loss(output, targets), output, targets);

  const auto scores = *meter.class_scores();
  EXPECT_EQ(scores.metric.label, "AP");
  EXPECT_EQ(scores.x + " " + scores.y, "recall precision");
  ASSERT_EQ(scores.classes.size(), 3);
  EXPECT_EQ(scores.classes[0].value, 0);
  EXPECT_EQ(scores.classes[0].curve, std::vector<double>(51, 0.0));
  EXPECT_NEAR(*scores.classes[1].value, 6.0 / 11, 1e-12);
  std::vector<double> half(51, 0.0);
  std::fill(half.begin(), half.begin() + 26, 1.0);  // up to a recall of 0.5
  EXPECT_EQ(scores.classes[1].curve, half);
  EXPECT_EQ(scores.classes[2], (ClassScore{}));
}

TEST(DetectionMeters, HaveCurvesThatOnlyFall) {
  at::manual_seed(5);
  DetectionMeter meter(two_classes(), at::kCPU);
  const auto targets = targets_of(kImages, 100);
  for (int batch = 0; batch < 20; ++batch) {
    const auto output = output_of(kImages) + 2 * at::randn({4, 14, 2, 2});
    meter.add(meter.loss(output, targets), output, targets);
  }
  const auto scores = *meter.class_scores();
  const auto matches = meter.matches();
  for (std::int64_t label = 0; label < kClasses; ++label) {
    const auto all = precision_recall(matches, label);
    const auto& curve = scores.classes[static_cast<std::size_t>(label)].curve;
    for (std::size_t point = 0; point < curve.size(); ++point) {
      const auto recall = static_cast<double>(point) / 50;
      double highest = 0;
      for (std::size_t i = 0; i < all.recall.size(); ++i) {
        if (all.recall[i] < recall) continue;
        highest = std::max(highest, all.precision[i]);
      }
      EXPECT_EQ(curve[point], highest) << label << " " << point;
    }
  }
}

TEST(DetectionMeters, OfSeveralProcessesAreThoseOfOne) {
  at::manual_seed(4);
  const auto output = output_of(kImages) + 0.5 * at::randn({4, 14, 2, 2});
  DetectionMeter one(two_classes(), at::kCPU);
  const auto all = targets_of(kImages, 100);
  one.add(one.loss(output, all), output, all);

  DetectionMeter gathered(two_classes(), at::kCPU);
  auto sums = at::zeros_like(one.sums());
  std::vector<at::Tensor> rows;
  for (const std::int64_t rank : {1, 0}) {
    DetectionMeter meter(two_classes(), at::kCPU);
    const auto share = output.narrow(0, 2 * rank, 2);
    const auto targets =
        targets_of({kImages.begin() + 2 * rank, kImages.begin() + 2 * rank + 2},
                   100, 2 * rank);
    meter.add(meter.loss(share, targets), share, targets);
    sums += meter.sums();
    rows.push_back(meter.rows());
  }
  gathered.set_sums(sums);
  gathered.set_rows(at::cat(rows));
  EXPECT_EQ(gathered.result().at("map"), one.result().at("map"));
  EXPECT_NEAR(gathered.result().at("loss"), one.result().at("loss"), 1e-6);
  EXPECT_EQ(gathered.rows().size(0), one.rows().size(0));
}

TEST(DetectionMeters, PutBoxesBackIntoTheImageAndCutThem) {
  // 200 x 100 pixels in a letterbox: the picture shows 50 more on both sides.
  const double image[] = {0, 100, 200, 0, -50, 200, 200};
  const auto placed = in_image({{.25, .5, .5, .75}, .5F, 1}, image);
  EXPECT_EQ(placed.box.top, 0);
  EXPECT_EQ(placed.box.height, 100);
  EXPECT_EQ(placed.box.left, 100);
  EXPECT_EQ(placed.box.width, 100);  // 50 more are outside
  EXPECT_EQ(placed.label, 1);
}

TEST(DetectionMeters, RefuseOtherTargetsAndRows) {
  DetectionMeter meter(two_classes(), at::kCPU);
  const auto output = output_of(kImages);
  EXPECT_EQ(
      error_of([&] {
        meter.add(at::zeros({}), output,
                  std::vector<at::Tensor>{targets_of(kImages, 9).all()[0]});
      }),
      "DetectionMeter: targets must be boxes, what is meant and the images, "
      "got 1 targets of 4 images; take batches to evaluate from BoxBatches");
  EXPECT_EQ(error_of([&] {
              meter.set_rows(at::zeros({2, 5}));
            }),
            "DetectionMeter: rows must be [n, 6], got [2, 5]");
}

TEST(Detection, FindsTheSameBoxesOnceTheNetIsContracted) {
  torch::manual_seed(2);
  const std::vector<Anchor> anchors = {{1, 1}, {2, 2}};
  models::YoloLite net(models::YoloLiteOptions().classes(kClasses).anchors(2));
  auto expansion =
      expand(*net, models::yolo_lite_recipe(
                       "paper", ExpansionOptions().rate(2).initial_values(
                                    InitialValues::kMatched)));
  const auto images = torch::rand({4, 3, 96, 96});
  const auto outputs = [&] {
    const at::NoGradGuard no_grad;
    return net->forward(images);
  };
  const auto before = outputs();
  expansion.contract();
  const auto after = outputs();
  ASSERT_LE(expandnet::testing::relative_error(after, before), 1e-5);

  // A threshold that no score is near, and no IoU near the other.
  std::vector<float> scores;
  for (std::int64_t i = 0; i < images.size(0); ++i) {
    const auto decoded = decode_region(before[i], anchors);
    scores.insert(scores.end(), decoded.scores.begin(), decoded.scores.end());
    for (std::size_t k = 0; k < decoded.boxes.size(); ++k) {
      for (std::size_t j = 0; j < k; ++j) {
        ASSERT_GT(std::abs(iou(decoded.boxes[k], decoded.boxes[j]) - 0.45),
                  1e-5);
      }
    }
  }
  std::sort(scores.begin(), scores.end());
  std::size_t place = scores.size() / 4;
  while (scores[place + 1] - scores[place] < 1e-4F) ++place;
  SuppressOptions options;
  options.threshold = (scores[place] + scores[place + 1]) / 2;
  const auto found = detect(before, anchors, options);
  const auto again = detect(after, anchors, options);
  std::size_t boxes_found = 0;
  ASSERT_EQ(found.size(), again.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].size(), again[i].size());
    boxes_found += found[i].size();
    for (std::size_t k = 0; k < found[i].size(); ++k) {
      EXPECT_EQ(found[i][k].label, again[i][k].label);
      EXPECT_NEAR(found[i][k].score, again[i][k].score, 1e-4);
      EXPECT_GT(iou(found[i][k].box, again[i][k].box), 0.999);
    }
  }
  EXPECT_GT(boxes_found, 4U);
}

/// Four pictures of 96 x 96, each with two boxes in the colours of their
/// classes on a grey ground.
class FourImages : public data::BatchSource {
 public:
  explicit FourImages(bool to_evaluate) : to_evaluate_(to_evaluate) {
    images_ = at::full({4, 3, 96, 96}, 0.5F);
    for (std::int64_t i = 0; i < 4; ++i) {
      for (const auto& object : objects_[static_cast<std::size_t>(i)]) {
        const auto edge = [](double centre, double length, double way) {
          return std::lround(96 * (centre + way * length / 2));
        };
        images_[i][object.label]
            .slice(0, edge(object.y, object.height, -1),
                   edge(object.y, object.height, 1))
            .slice(1, edge(object.x, object.width, -1),
                   edge(object.x, object.width, 1))
            .fill_(1);
      }
    }
    targets_ = targets_of(objects_, 96);
  }
  [[nodiscard]] std::int64_t size() const override { return 1; }
  void start_epoch(std::int64_t epoch) override { epoch_ = epoch; }
  data::Batch batch(std::int64_t /*index*/) override {
    if (to_evaluate_) return {images_, targets_};
    return {images_,
            std::vector<at::Tensor>{targets_.all()[0],
                                    at::full({}, 4 * epoch_, at::kLong)}};
  }

 private:
  std::vector<std::vector<Object>> objects_ = {
      {{.25, .25, .25, .375, 0}, {.75, .6875, .375, .25, 1}},
      {{.5, .25, .5, .25, 1}, {.25, .75, .25, .25, 0}},
      {{.75, .25, .25, .25, 0}, {.375, .75, .5, .375, 1}},
      {{.25, .5, .375, .625, 1}, {.75, .5, .25, .5, 0}}};
  bool to_evaluate_;
  std::int64_t epoch_ = 0;
  at::Tensor images_;
  data::Tensors targets_;
};

TEST(Detection, LearnsFourImagesByHeart) {
  torch::manual_seed(0);
  models::YoloLite net(models::YoloLiteOptions().classes(kClasses).anchors(2));
  train::AdamW optimizer(net->parameters(),
                         torch::optim::AdamWOptions(1e-3).weight_decay(0));
  FourImages training(/*to_evaluate=*/false), test(/*to_evaluate=*/true);
  auto options = two_classes();
  options.anchors = {{.8, 1.1}, {1.4, 1}};
  train::TrainingParts parts;
  parts.model = train::model_of(net);
  parts.optimizer = &optimizer;
  parts.training = &training;
  parts.task = detection(options, at::kCPU);
  train::TrainingOptions how;
  how.epochs = 250;
  how.select = train::Select::kLast;
  train::Training run(parts, how);
  while (!run.finished()) run.step();
  const auto meter = parts.task.meter(at::kCPU);
  const auto metrics = train::evaluate(parts.model, test, *meter);
  EXPECT_EQ(metrics.at("map"), 1) << metrics.at("loss");
}

}  // namespace
}  // namespace expandnet::tasks
