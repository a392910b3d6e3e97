#include "trainers/app/runs/trainer.h"

#include <expandnet/tasks/classification/classification_meter.h>

namespace expandnet::examples {

tasks::MeterFactory Trainer::meter() const {
  return [](c10::Device device) {
    return std::make_unique<tasks::ClassificationMeter>(device);
  };
}

std::vector<tasks::Metric> Trainer::metrics() const {
  return meter()(c10::kCPU)->metrics();
}

}  // namespace expandnet::examples
