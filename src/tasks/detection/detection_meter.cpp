#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <expandnet/data/loading/box_targets.h>
#include <expandnet/tasks/detection/decode.h>
#include <expandnet/tasks/detection/detection_meter.h>

#include <algorithm>
#include <cstddef>

#include "base/error.h"
#include "base/text.h"
#include "tasks/detection/anchor_tensor.h"

namespace expandnet::tasks {

namespace {

/// Places in the sums; the objects of each class come after.
constexpr std::int64_t kRegionLossSum = 0;
constexpr std::int64_t kJudgedImages = 1;
constexpr std::int64_t kFirstClass = 2;

/// Columns of the rows.
constexpr std::int64_t kRowColumns = 6;

/// The targets of an evaluation on the CPU, checked.
struct Judged {
  at::Tensor meant;   ///< double [n, M, kMeantColumns]
  at::Tensor images;  ///< double [n, kImageColumns]
};

Judged judged(const data::Tensors& targets, std::int64_t count) {
  const auto& all = targets.all();
  TORCH_CHECK(
      all.size() == 3 && all[1].dim() == 3 && all[1].size(0) == count &&
          all[1].size(2) == data::kMeantColumns && all[2].dim() == 2 &&
          all[2].size(0) == count && all[2].size(1) == data::kImageColumns,
      error_message("DetectionMeter",
                    "targets must be boxes, what is meant and the images",
                    std::to_string(all.size()) + " targets of " +
                        std::to_string(count) + " images",
                    "take batches to evaluate from BoxBatches"));
  return {all[1].to(at::kCPU, at::kDouble).contiguous(),
          all[2].to(at::kCPU, at::kDouble).contiguous()};
}

std::vector<data::AnnotatedObject> objects_in(const double* row,
                                              std::int64_t rows) {
  std::vector<data::AnnotatedObject> objects;
  for (; rows > 0; --rows, row += data::kMeantColumns) {
    if (row[data::kMeantLabel] < 0) continue;
    data::AnnotatedObject object;
    object.box = {row[data::kMeantTop], row[data::kMeantLeft],
                  row[data::kMeantHeight], row[data::kMeantWidth]};
    object.label = static_cast<std::int64_t>(row[data::kMeantLabel]);
    object.difficult = row[data::kMeantDifficult] != 0;
    object.crowd = row[data::kMeantCrowd] != 0;
    objects.push_back(object);
  }
  return objects;
}

/// A stretch of the picture, as shares of it, in the image.
std::pair<double, double> cut_stretch(double from, double length, double begin,
                                      double whole, double side) {
  const auto low = std::clamp(begin + from * whole, 0.0, side);
  const auto high = std::clamp(begin + (from + length) * whole, 0.0, side);
  return {low, high - low};
}

constexpr std::size_t kCurvePoints = 51;

/// The highest precision at a recall or above, at equal steps of recall.
std::vector<double> curve_of(const PrecisionRecall& all) {
  std::vector<double> curve(kCurvePoints, 0);
  auto point = kCurvePoints;
  double highest = 0;
  for (auto i = all.recall.size(); i > 0; --i) {
    // Points above this recall have what lies behind it.
    for (; point > 0 && static_cast<double>(point - 1) / (kCurvePoints - 1) >
                            all.recall[i - 1];
         --point) {
      curve[point - 1] = highest;
    }
    highest = std::max(highest, all.precision[i - 1]);
  }
  for (; point > 0; --point) curve[point - 1] = highest;
  return curve;
}

}  // namespace

const std::vector<Metric>& detection_metrics() {
  static const std::vector<Metric> metrics = {{"map", "mAP"}};
  return metrics;
}

Detection in_image(const Detection& found, const double* image) {
  auto result = found;
  const auto [left, width] =
      cut_stretch(found.box.left, found.box.width, image[data::kPictureLeft],
                  image[data::kPictureWidth], image[data::kImageWidth]);
  const auto [top, height] =
      cut_stretch(found.box.top, found.box.height, image[data::kPictureTop],
                  image[data::kPictureHeight], image[data::kImageHeight]);
  result.box = {top, left, height, width};
  return result;
}

DetectionMeter::DetectionMeter(const DetectionOptions& options,
                               c10::Device device)
    : Meter(detection_metrics(),
            at::zeros({kFirstClass + options.classes},
                      at::TensorOptions(at::kDouble).device(device))),
      options_(options),
      anchors_(anchor_tensor(options.anchors, device)) {
  options_.loss.prior = 0;
}

at::Tensor DetectionMeter::loss(const data::Tensors& output,
                                const data::Tensors& targets) const {
  return region_loss(output, targets.all().at(0), anchors_, options_.loss)
      .total;
}

void DetectionMeter::add(const at::Tensor& loss, const data::Tensors& output,
                         const data::Tensors& targets) {
  const at::NoGradGuard no_grad;
  const auto count = output.one().size(0);
  const auto [meant, images] = judged(targets, count);
  const auto found = detect(output, options_.anchors, options_.suppress);
  DetectionMatches matches(options_.classes, options_.protocol);
  const auto objects = meant.size(1);
  const auto* row = meant.const_data_ptr<double>();
  const auto* image = images.const_data_ptr<double>();
  for (const auto& of_image : found) {
    std::vector<Detection> placed;
    placed.reserve(of_image.size());
    for (const auto& one : of_image) placed.push_back(in_image(one, image));
    matches.add(static_cast<std::int64_t>(image[data::kImagePlace]), placed,
                objects_in(row, objects));
    row += objects * data::kMeantColumns;
    image += data::kImageColumns;
  }
  found_.insert(found_.end(), matches.found().begin(), matches.found().end());
  sums().select(0, kRegionLossSum).add_(loss.detach().to(at::kDouble), count);
  sums().select(0, kJudgedImages).add_(count);
  sums()
      .narrow(0, kFirstClass, options_.classes)
      .add_(at::tensor(matches.meant()).to(sums().device()));
}

DetectionMatches DetectionMeter::matches() const {
  const auto on_cpu = sums().to(at::kCPU);
  const auto* sum = on_cpu.const_data_ptr<double>() + kFirstClass;
  std::vector<std::int64_t> meant;
  for (std::int64_t label = 0; label < options_.classes; ++label) {
    meant.push_back(static_cast<std::int64_t>(sum[label]));
  }
  DetectionMatches all(options_.classes, options_.protocol);
  all.add(found_, meant);
  return all;
}

Metrics DetectionMeter::result() const {
  const auto on_cpu = sums().to(at::kCPU);
  const auto* sum = on_cpu.const_data_ptr<double>();
  return {{"loss", sum[kRegionLossSum] / sum[kJudgedImages]},
          {"map", average_precision(matches(), options_.interpolation).mean}};
}

std::optional<ClassScores> DetectionMeter::class_scores() const {
  const auto all = matches();
  const auto precision = average_precision(all, options_.interpolation);
  ClassScores scores;
  scores.metric = {"ap", "AP"};
  scores.x = "recall";
  scores.y = "precision";
  for (std::int64_t label = 0; label < options_.classes; ++label) {
    const auto& value = precision.of_class[static_cast<std::size_t>(label)];
    scores.classes.push_back({value, {}});
    if (!value) continue;
    scores.classes.back().curve = curve_of(precision_recall(all, label));
  }
  return scores;
}

void DetectionMeter::reset() {
  Meter::reset();
  found_.clear();
}

at::Tensor DetectionMeter::rows() const {
  auto result = at::empty(
      {static_cast<std::int64_t>(found_.size()), kRowColumns}, at::kDouble);
  auto* row = result.mutable_data_ptr<double>();
  for (const auto& one : found_) {
    *row++ = one.score;
    *row++ = one.image;
    *row++ = one.place;
    *row++ = one.label;
    *row++ = one.hit;
    *row++ = one.ignored;
  }
  return result;
}

void DetectionMeter::set_rows(const at::Tensor& rows) {
  TORCH_CHECK(rows.dim() == 2 && rows.size(1) == kRowColumns,
              error_message("DetectionMeter", "rows must be [n, 6]",
                            sizes(rows.sizes())));
  const auto doubles = rows.to(at::kCPU, at::kDouble).contiguous();
  const auto* row = doubles.const_data_ptr<double>();
  found_.clear();
  for (std::int64_t i = 0; i < doubles.size(0); ++i, row += kRowColumns) {
    MatchedDetection one;
    one.score = static_cast<float>(row[0]);
    one.image = static_cast<std::uint32_t>(row[1]);
    one.place = static_cast<std::uint16_t>(row[2]);
    one.label = static_cast<std::uint16_t>(row[3]);
    one.hit = static_cast<std::uint16_t>(row[4]);
    one.ignored = static_cast<std::uint16_t>(row[5]);
    found_.push_back(one);
  }
}

}  // namespace expandnet::tasks
