#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/log.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <expandnet/tasks/detection/region_loss.h>

#include <tuple>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::tasks {

namespace {

constexpr std::int64_t kBoxChannels = 5;  // x, y, w, h, objectness
constexpr std::int64_t kPriorImages = 12'800;
constexpr double kPriorWeight = 0.01;

void check_region_shapes(const at::Tensor& output, const at::Tensor& targets,
                         const at::Tensor& anchors) {
  const std::string where = "region_loss";
  TORCH_CHECK(
      anchors.dim() == 2 && anchors.size(0) > 0 && anchors.size(1) == 2,
      error_message(where, "anchors must be [A, 2]", sizes(anchors.sizes())));
  const auto count = anchors.size(0);
  TORCH_CHECK(
      output.dim() == 4 && output.size(1) % count == 0 &&
          output.size(1) / count > kBoxChannels,
      error_message(where,
                    c10::str("output must be [B, ", count, " (5 + C), H, W]"),
                    sizes(output.sizes()),
                    "give the anchors that the network was made for"));
  TORCH_CHECK(targets.dim() == 3 && targets.size(0) == output.size(0) &&
                  targets.size(2) == kBoxChannels,
              error_message(where,
                            c10::str("targets must be [", output.size(0),
                                     ", T, 5], a row for each object"),
                            sizes(targets.sizes())));
}

/// Raw outputs and what they mean, [B, A H W] each.
struct Predictions {
  at::Tensor raw;   ///< [B, A H W, 5 + C]
  at::Tensor x, y;  ///< in the cell, 0 to 1
  at::Tensor w, h;  ///< logarithms of the sides over the anchor's
  at::Tensor object;
};

Predictions predictions_of(const at::Tensor& output, std::int64_t anchors,
                           at::ScalarType dtype) {
  const auto raw = output.to(dtype)
                       .unflatten(1, {anchors, output.size(1) / anchors})
                       .permute({0, 1, 3, 4, 2})
                       .flatten(1, 3);
  return {raw,
          raw.select(2, 0).sigmoid(),
          raw.select(2, 1).sigmoid(),
          raw.select(2, 2),
          raw.select(2, 3),
          raw.select(2, 4).sigmoid()};
}

/// Targets in cells, [B, T] each, and the boxes they belong to.
struct Assignment {
  at::Tensor valid;   ///< whether the row is a target
  at::Tensor counts;  ///< whether no later one has the same box
  at::Tensor place;   ///< of the box among A H W; 0 where there is no target
  at::Tensor x, y, w, h;  ///< what the box's predictions should be
  at::Tensor label;       ///< 0 where there is no target
  at::Tensor centre_x, centre_y, width, height;
};

Assignment assign(const at::Tensor& targets, const at::Tensor& anchors,
                  std::int64_t rows, std::int64_t columns,
                  std::int64_t classes) {
  Assignment found;
  const auto label = targets.select(2, 4);
  found.valid = label.ge(0);
  found.label = label.clamp(0, static_cast<double>(classes - 1)).to(at::kLong);
  found.centre_x = targets.select(2, 0) * columns;
  found.centre_y = targets.select(2, 1) * rows;
  found.width = targets.select(2, 2) * columns;
  found.height = targets.select(2, 3) * rows;

  const auto column = found.centre_x.floor().clamp(0, columns - 1);
  const auto row = found.centre_y.floor().clamp(0, rows - 1);
  found.x = found.centre_x - column;
  found.y = found.centre_y - row;

  const auto anchor_width = anchors.select(1, 0);
  const auto anchor_height = anchors.select(1, 1);
  const auto width = found.width.unsqueeze(2);
  const auto height = found.height.unsqueeze(2);
  const auto both =
      at::minimum(width, anchor_width) * at::minimum(height, anchor_height);
  const auto shape_iou =
      both / (width * height + anchor_width * anchor_height - both);
  const auto anchor = shape_iou.argmax(2);
  const auto one = at::ones_like(found.width);
  const auto logarithm = [&](const at::Tensor& side, const at::Tensor& sides) {
    const auto chosen = sides.index_select(0, anchor.flatten());
    return at::where(found.valid, side / chosen.view_as(side), one).log();
  };
  found.w = logarithm(found.width, anchor_width);
  found.h = logarithm(found.height, anchor_height);

  const auto place =
      (anchor * rows + row.to(at::kLong)) * columns + column.to(at::kLong);
  found.place = at::where(found.valid, place, at::zeros({}, place.options()));
  // [B, this, other]
  const auto same = place.unsqueeze(2).eq(place.unsqueeze(1));
  const auto order = at::arange(place.size(1), place.options());
  const auto later = order.unsqueeze(0).gt(order.unsqueeze(1));
  const auto overruled =
      same.logical_and(later).logical_and(found.valid.unsqueeze(1)).any(2);
  found.counts = found.valid.logical_and(overruled.logical_not());
  return found;
}

/// Whether a box has a target, [B, A H W].
at::Tensor has_target(const Assignment& found, std::int64_t boxes) {
  // Rows without a target write into a place of their own.
  auto marks = at::zeros({found.place.size(0), boxes + 1},
                         found.place.options().dtype(at::kBool));
  const auto place = at::where(found.valid, found.place,
                               at::zeros({}, found.place.options()) + boxes);
  marks.scatter_(1, place, true);
  return marks.narrow(1, 0, boxes);
}

/// The IoU of each box with the target that it meets best, [B, A H W].
at::Tensor best_iou(const Predictions& boxes, const Assignment& found,
                    const at::Tensor& anchors, std::int64_t rows,
                    std::int64_t columns) {
  const auto options = anchors.options();
  const auto grid = [&](const at::Tensor& offset) {
    return offset.unflatten(1, {anchors.size(0), rows, columns});
  };
  const auto shape = [&](const at::Tensor& logarithm, std::int64_t side) {
    return (grid(logarithm).exp() * anchors.select(1, side).view({-1, 1, 1}))
        .flatten(1)
        .unsqueeze(2);
  };
  const auto x =
      (grid(boxes.x) + at::arange(columns, options)).flatten(1).unsqueeze(2);
  const auto y = (grid(boxes.y) + at::arange(rows, options).unsqueeze(1))
                     .flatten(1)
                     .unsqueeze(2);
  const auto width = shape(boxes.w, 0);
  const auto height = shape(boxes.h, 1);
  /// What two intervals have in common, of centres and lengths.
  const auto common = [](const at::Tensor& a, const at::Tensor& a_length,
                         const at::Tensor& b, const at::Tensor& b_length) {
    return (at::minimum(a + a_length / 2, b + b_length / 2) -
            at::maximum(a - a_length / 2, b - b_length / 2))
        .clamp_min(0);
  };
  const auto each = [](const at::Tensor& target) {
    return target.unsqueeze(1);
  };
  const auto both = common(x, width, each(found.centre_x), each(found.width)) *
                    common(y, height, each(found.centre_y), each(found.height));
  const auto either = width * height + each(found.width * found.height) - both;
  const auto iou = both / either;
  return at::where(each(found.valid), iou, at::zeros({}, options)).amax(2);
}

}  // namespace

double region_prior(std::int64_t images) {
  return images < kPriorImages ? kPriorWeight : 0;
}

at::Tensor region_prior(const at::Tensor& images) {
  return images.lt(kPriorImages).to(at::kFloat) * kPriorWeight;
}

RegionLoss region_loss(const at::Tensor& output, const at::Tensor& targets,
                       const at::Tensor& anchors,
                       const RegionLossOptions& options) {
  check_region_shapes(output, targets, anchors);
  const auto dtype =
      anchors.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const auto shapes = anchors.to(dtype);
  const auto rows = output.size(2);
  const auto columns = output.size(3);
  const auto images = static_cast<double>(output.size(0));
  const auto boxes = predictions_of(output, anchors.size(0), dtype);
  const auto classes = boxes.raw.size(2) - kBoxChannels;

  const bool has_targets = targets.size(1) > 0;
  Assignment found;
  at::Tensor assigned = at::zeros({1}, output.options().dtype(at::kBool));
  at::Tensor silent;  // 1 where a box is told that it holds nothing
  {
    const at::NoGradGuard no_grad;
    silent = at::ones_like(boxes.object);
    if (has_targets) {
      found = assign(targets.to(dtype), shapes, rows, columns, classes);
      assigned = has_target(found, boxes.object.size(1));
      const auto best = best_iou(boxes, found, shapes, rows, columns);
      silent = assigned.logical_or(best.gt(options.ignore_iou))
                   .logical_not()
                   .to(dtype);
    }
  }

  RegionLoss loss;
  loss.no_object =
      (boxes.object.square() * silent).sum() * (options.no_object / 2 / images);
  const auto zero = at::zeros({}, shapes.options());
  loss.coordinates = loss.object = loss.classes = loss.prior = zero;
  if (options.prior != 0) {
    const auto off = (boxes.x - 0.5).square() + (boxes.y - 0.5).square() +
                     boxes.w.square() + boxes.h.square();
    loss.prior = (off * assigned.logical_not().to(dtype)).sum() *
                 (options.prior / 2 / images);
  }
  if (has_targets) {
    const auto counts = found.counts.to(dtype);
    const auto of_targets = [&](const at::Tensor& predicted) {
      return predicted.gather(1, found.place);
    };
    const auto off = (of_targets(boxes.x) - found.x).square() +
                     (of_targets(boxes.y) - found.y).square() +
                     (of_targets(boxes.w) - found.w).square() +
                     (of_targets(boxes.h) - found.h).square();
    loss.coordinates =
        (off * counts).sum() * (options.coordinates / 2 / images);
    loss.object = ((1 - of_targets(boxes.object)).square() * counts).sum() *
                  (options.object / 2 / images);
    const auto place = found.place.unsqueeze(2).expand({-1, -1, classes});
    const auto logits =
        boxes.raw.narrow(2, kBoxChannels, classes).gather(1, place);
    const auto likelihood = at::log_softmax(logits, 2)
                                .gather(2, found.label.unsqueeze(2))
                                .squeeze(2);
    loss.classes = -(likelihood * counts).sum() * (options.classes / images);
  }
  loss.total = loss.coordinates + loss.object + loss.no_object + loss.classes +
               loss.prior;
  return loss;
}

}  // namespace expandnet::tasks
