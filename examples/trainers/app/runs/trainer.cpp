#include "trainers/app/runs/trainer.h"

#include <expandnet/tasks/classification/classification.h>
#include <expandnet/tasks/classification/classification_meter.h>

#include "base/text.h"
#include "trainers/app/report/results.h"

namespace expandnet::examples {

tasks::Task Trainer::task(const Images& /*images*/,
                          c10::Device /*device*/) const {
  return tasks::classification(settings.label_smoothing);
}

std::vector<tasks::Metric> Trainer::metrics() const {
  return tasks::classification_metrics();
}

std::vector<std::string> Trainer::details(const tasks::Meter& meter,
                                          const Images& images) const {
  const auto scores = meter.class_scores();
  if (!scores) return {};
  auto table = classes_table(*scores, images.class_names());
  table.pop_back();  // the end of the last line
  return split(table, '\n');
}

}  // namespace expandnet::examples
