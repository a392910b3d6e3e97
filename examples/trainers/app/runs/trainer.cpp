#include "trainers/app/runs/trainer.h"

#include <expandnet/tasks/classification/classification.h>
#include <expandnet/tasks/classification/classification_meter.h>

namespace expandnet::examples {

tasks::Task Trainer::task(const Images& /*images*/,
                          c10::Device /*device*/) const {
  return tasks::classification(settings.label_smoothing);
}

std::vector<tasks::Metric> Trainer::metrics() const {
  return tasks::classification_metrics();
}

}  // namespace expandnet::examples
