#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <expandnet/tasks/segmentation/confusion.h>

#include <array>
#include <limits>
#include <string>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::tasks {

namespace {

constexpr const char* kConfusion = "count_confusion";
/// Neighbours are mostly alike: in turn they go to tables of their own, so that
/// none has to wait for the one before it.
constexpr std::size_t kTables = 4;

[[noreturn]] void refuse_label(const char* what, std::int64_t value,
                               std::int64_t classes, std::int64_t ignored) {
  throw_argument_error(
      kConfusion,
      std::string(what) + " must be 0 to " + std::to_string(classes - 1) +
          (ignored < 0 ? "" : " or " + std::to_string(ignored)),
      std::to_string(value));
}

/// Counts on the CPU. `cells` has kTables tables of classes^2 + 1 counts; the
/// last of each is that of pixels that are ignored.
template <typename Found, typename Meant>
void count_pixels_of(const Found* found, const Meant* meant, std::int64_t count,
                     std::int64_t classes, std::int64_t ignored,
                     std::vector<std::int64_t>& cells) {
  const auto table = static_cast<std::size_t>(classes * classes + 1);
  const auto limit = static_cast<std::uint64_t>(classes);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto row = static_cast<std::int64_t>(meant[i]);
    const auto column = static_cast<std::int64_t>(found[i]);
    auto cell = classes * classes;
    if (row != ignored) {
      // Negative numbers are large ones without a sign.
      if (static_cast<std::uint64_t>(row) >= limit) {
        refuse_label("a label", row, classes, ignored);
      }
      if (static_cast<std::uint64_t>(column) >= limit) {
        refuse_label("a class that is found", column, classes, -1);
      }
      cell = row * classes + column;
    }
    ++cells[static_cast<std::size_t>(i) % kTables * table +
            static_cast<std::size_t>(cell)];
  }
}

/// The values, in uint8 or else int64.
at::Tensor bytes_or_long(const at::Tensor& values) {
  return (values.scalar_type() == at::kByte ? values : values.to(at::kLong))
      .contiguous();
}

void count_on_cpu(const at::Tensor& counts, const at::Tensor& found,
                  const at::Tensor& meant, std::int64_t ignored) {
  const auto classes = counts.size(0);
  const auto table = static_cast<std::size_t>(classes * classes + 1);
  std::vector<std::int64_t> cells(kTables * table);
  const auto all_found = bytes_or_long(found);
  const auto all_meant = bytes_or_long(meant);
  const auto with_meant = [&](const auto* found_data) {
    if (all_meant.scalar_type() == at::kByte) {
      count_pixels_of(found_data, all_meant.const_data_ptr<std::uint8_t>(),
                      all_meant.numel(), classes, ignored, cells);
    } else {
      count_pixels_of(found_data, all_meant.const_data_ptr<std::int64_t>(),
                      all_meant.numel(), classes, ignored, cells);
    }
  };
  if (all_found.scalar_type() == at::kByte) {
    with_meant(all_found.const_data_ptr<std::uint8_t>());
  } else {
    with_meant(all_found.const_data_ptr<std::int64_t>());
  }
  auto* sums = counts.data_ptr<double>();
  for (std::size_t cell = 0; cell + 1 < table; ++cell) {
    for (std::size_t i = 0; i < kTables; ++i) {
      sums[cell] += static_cast<double>(cells[i * table + cell]);
    }
  }
}

void count_on_device(const at::Tensor& counts, const at::Tensor& found,
                     const at::Tensor& meant, std::int64_t ignored) {
  const auto classes = counts.size(0);
  const auto rows = meant.to(at::kLong).flatten();
  const auto is_ignored = rows.eq(ignored);
  // Ignored pixels add nothing, to any cell.
  const auto cells = (rows * classes + found.to(at::kLong).flatten())
                         .masked_fill(is_ignored, 0);
  counts.view(-1).scatter_add_(0, cells,
                               is_ignored.logical_not().to(at::kDouble));
}

std::optional<double> share_of(double part, double all) {
  if (all == 0) return std::nullopt;
  return part / all;
}

double mean_of_present(const std::vector<std::optional<double>>& values) {
  double sum = 0;
  double count = 0;
  for (const auto& value : values) {
    if (!value.has_value()) continue;
    sum += *value;
    ++count;
  }
  return count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

void count_confusion(const at::Tensor& counts, const at::Tensor& found,
                     const at::Tensor& meant, std::int64_t ignored) {
  TORCH_CHECK(counts.dim() == 2 && counts.size(0) == counts.size(1) &&
                  counts.size(0) > 0 && counts.scalar_type() == at::kDouble &&
                  counts.is_contiguous(),
              error_message(
                  kConfusion,
                  "counts must be [classes, classes], fp64 and "
                  "contiguous",
                  c10::str(sizes(counts.sizes()), ", ", counts.scalar_type())));
  TORCH_CHECK(found.sizes() == meant.sizes(),
              error_message(kConfusion,
                            c10::str("found must have the shape of what is "
                                     "meant, ",
                                     sizes(meant.sizes())),
                            sizes(found.sizes())));
  const at::NoGradGuard no_grad;
  if (counts.is_cpu()) {
    count_on_cpu(counts, found, meant, ignored);
  } else {
    count_on_device(counts, found, meant, ignored);
  }
}

SegmentationScores segmentation_scores(const at::Tensor& counts) {
  TORCH_CHECK(
      counts.dim() == 2 && counts.size(0) == counts.size(1),
      error_message("segmentation_scores", "counts must be [classes, classes]",
                    sizes(counts.sizes())));
  const auto on_cpu = counts.to(at::kCPU, at::kDouble).contiguous();
  const auto* count = on_cpu.const_data_ptr<double>();
  const auto classes = counts.size(0);
  double right = 0;
  double all = 0;
  SegmentationScores scores;
  for (std::int64_t label = 0; label < classes; ++label) {
    double meant = 0;
    double found = 0;
    for (std::int64_t other = 0; other < classes; ++other) {
      meant += count[label * classes + other];
      found += count[other * classes + label];
    }
    const auto both = count[label * classes + label];
    scores.iou.push_back(share_of(both, meant + found - both));
    scores.recall.push_back(share_of(both, meant));
    scores.precision.push_back(share_of(both, found));
    right += both;
    all += meant;
  }
  scores.mean_iou = mean_of_present(scores.iou);
  scores.mean_recall = mean_of_present(scores.recall);
  scores.mean_precision = mean_of_present(scores.precision);
  scores.pixel_accuracy = right / all;
  return scores;
}

}  // namespace expandnet::tasks
