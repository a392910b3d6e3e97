#include "trainers/app/runs/trainer.h"

#include <expandnet/tasks/classification/classification.h>

namespace expandnet::examples {

tasks::Task Trainer::task() const {
  return tasks::classification(settings.label_smoothing);
}

std::vector<tasks::Metric> Trainer::metrics() const {
  return task().meter(c10::kCPU)->metrics();
}

}  // namespace expandnet::examples
