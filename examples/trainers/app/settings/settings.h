// settings.h: what every trainer can be told.
#pragma once

#include <expandnet/fold/options.h>
#include <expandnet/train/training.h>

#include <cstdint>
#include <string>
#include <vector>

#include "command_line/named.h"

namespace expandnet::examples {

/// Defaults are the paper's for CIFAR.
struct Settings {
  std::string data = "data";
  std::vector<std::string> expand;  ///< recipes; `train` takes one
  double rate = 4;
  std::string execution = "weight-space";
  std::string init = "default";
  std::int64_t twin_epochs = 0;  ///< of --init twin; 0: epochs

  std::int64_t epochs = 150;
  std::int64_t batch_size = 128;
  std::string optimizer = "sgd";
  double lr = 0.01;
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;
  bool decay_all = true;  ///< BatchNorm and biases, too
  double label_smoothing = 0;
  double ema = 0;  ///< decay of the weights' moving average; 0: none
  std::string schedule = "steps";
  std::vector<double> milestones;  ///< in epochs; empty: a third and two thirds
  double lr_factor = 0.1;          ///< at each milestone
  double lr_last = 0;  ///< share of lr that linear and cosine end with
  double warmup = 0;   ///< epochs
  bool per_iteration = false;
  double max_grad_norm = 0;  ///< 0: no clipping
  std::int64_t accumulate = 1;

  std::string teacher;  ///< folder of a finished run; "": none
  double temperature = 4;
  double distill = 0.9;

  std::string select = "best";
  std::uint64_t seed = 0;
  std::int64_t runs = 3;

  std::string device = "auto";
  std::string precision = "fp32";
  std::string memory_format = "auto";
  std::int64_t threads = 0;  ///< of each run; 0: the cores shared among runs
  std::int64_t jobs = 0;     ///< runs at a time; 0: as many as there are cores
  std::string out = "results";
  bool resume = false;

  std::int64_t timeout = 600;  ///< seconds that ranks wait for each other

  // The trainer's choice, no flags.
  bool top5 = false;      ///< shown beside top-1
  bool by_ranks = false;  ///< whether several processes may train one net
};

enum class Command { kTrain, kCompare };

inline constexpr Named<train::Select> kSelects[] = {
    {train::Select::kBestValidation, "best"},
    {train::Select::kLast, "last"},
    {train::Select::kBestTest, "test-best"}};

inline constexpr Named<InitialValues> kInitialValues[] = {
    {InitialValues::kDefault, "default"},
    {InitialValues::kMatched, "matched"},
    {InitialValues::kKaimingNormal, "kaiming-normal"},
    {InitialValues::kKaimingNormalUngrouped, "kaiming-normal-ungrouped"},
    {InitialValues::kNormal, "normal"},
    {InitialValues::kPreserving, "preserving"}};

}  // namespace expandnet::examples
