// history.h: how well a network did, epoch by epoch.
#pragma once

#include <cstdint>
#include <optional>

namespace expandnet::train {

/// Means over images.
struct Score {
  double loss = 0;      ///< cross entropy, in nats
  double accuracy = 0;  ///< share of images whose largest logit is their label
  double top5 = 0;      ///< share with their label among the five largest
};

/// One finished epoch.
struct EpochRecord {
  std::int64_t epoch = 0;    ///< from 1
  double learning_rate = 0;  ///< of its last step, of the first group
  Score training;            ///< of each batch as it was trained on
  std::optional<Score> validation;
  std::optional<Score> test;
  double seconds = 0;  ///< of training, without evaluation
};

}  // namespace expandnet::train
