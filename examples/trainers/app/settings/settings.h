// settings.h: what every trainer can be told.
#pragma once

#include <expandnet/fold/options.h>
#include <expandnet/train/training.h>

#include <cstdint>
#include <string>
#include <vector>

#include "command_line/named.h"
#include "trainers/app/settings/configuration.h"

namespace expandnet::examples {

/// Where the factors of expanded layers are while the net trains.
enum class ExecutionChoice {
  kWeightSpace,  ///< in an Expansion beside the compact net
  kModules,      ///< in expanded modules that fold
  kChained,      ///< in expanded modules that run each over feature maps
};

/// What factors start from.
struct InitChoice {
  InitialValues values = InitialValues::kDefault;
  bool twin = false;  ///< the nonlinear twin, which is trained first
};
constexpr bool operator==(InitChoice a, InitChoice b) {
  return a.values == b.values && a.twin == b.twin;
}

/// Whether chains keep only the width that SGD can tell apart.
enum class NarrowChoice {
  kAuto,  ///< under SGD in weight space; a resumed run as it began
  kOn,
  kOff,
};

enum class OptimizerChoice { kSGD, kAdamW };
enum class ScheduleChoice { kSteps, kLinear, kCosine, kConstant };
/// What weight decay is of, where a layer is expanded.
enum class DecayChoice { kFactors, kFold };
enum class DecayScheduleChoice { kConstant, kCosine };
/// Eight bits, for an evaluation: how the weights of a layer are rounded.
enum class Int8Choice { kNone, kTensor, kChannel };
enum class DeviceChoice { kAuto, kCPU, kCUDA };
enum class MemoryFormatChoice { kAuto, kContiguous, kChannelsLast };

/// The values that `compare` tries; where each has one, there is nothing to
/// choose.
struct Grid {
  std::vector<double> lr;
  std::vector<double> weight_decay;
  std::vector<double> rate;
};

/// What becomes of the file's last linear layer.
enum class HeadChoice {
  kAuto,  ///< it is kept if it has the net's size
  kKeep,
  kNew,
};

/// A net that starts from weights.
struct FineTuning {
  std::string weights;  ///< a file, or a run's folder; "": new values
  std::string weights_key;
  HeadChoice head = HeadChoice::kAuto;
  std::string head_layer;           ///< its path; "": the last linear layer
  std::vector<std::string> freeze;  ///< patterns of paths
  double lr_head = 1;               ///< times the learning rate
};

/// Defaults are the paper's for CIFAR.
struct Settings {
  std::string data = "data";
  std::vector<std::string> expand;    ///< recipes; `train` takes one
  std::vector<std::string> strategy;  ///< of layers, as PATTERN=STRATEGY
  double rate = 4;
  NarrowChoice narrow = NarrowChoice::kAuto;
  ExecutionChoice execution = ExecutionChoice::kWeightSpace;
  InitChoice init;
  std::int64_t twin_epochs = 0;  ///< of --init twin; 0: epochs

  std::int64_t epochs = 150;
  std::int64_t batch_size = 128;
  OptimizerChoice optimizer = OptimizerChoice::kSGD;
  double lr = 0.01;
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;
  bool decay_all = true;  ///< BatchNorm and biases, too
  DecayChoice decay_on = DecayChoice::kFactors;
  DecayScheduleChoice decay_schedule = DecayScheduleChoice::kConstant;
  double decay_last = 0;  ///< share of weight_decay that the schedule ends with
  double label_smoothing = 0;
  double ema = 0;  ///< decay of the weights' moving average; 0: none
  ScheduleChoice schedule = ScheduleChoice::kSteps;
  std::vector<double> milestones;  ///< in epochs; empty: at `steps_at`
  double lr_factor = 0.1;          ///< at each milestone
  double lr_last = 0;  ///< share of lr that linear and cosine end with
  double warmup = 0;   ///< epochs
  bool per_iteration = false;
  double max_grad_norm = 0;  ///< 0: no clipping
  std::int64_t accumulate = 1;

  FineTuning fine_tuning;

  /// Folder of a finished run, or a file of TorchScript; "": none.
  std::string teacher;
  double temperature = 4;
  double distill = 0.9;

  std::int64_t confusion = 0;  ///< pairs of batches after each epoch; 0: none
  Int8Choice int8 = Int8Choice::kNone;
  train::Select select = train::Select::kBestValidation;
  std::uint64_t seed = 0;
  std::int64_t runs = 3;
  Grid grid;
  std::int64_t tune_seeds = 1;  ///< of each variant and each cell of the grid

  DeviceChoice device = DeviceChoice::kAuto;
  train::Precision precision = train::Precision::kFloat32;
  MemoryFormatChoice memory_format = MemoryFormatChoice::kAuto;
  std::int64_t threads = 0;  ///< of each run; 0: the cores shared among runs
  std::int64_t jobs = 0;     ///< runs at a time; 0: as many as there are cores
  std::string out = "results";
  bool resume = false;
  bool dry_run = false;  ///< shows what would be done, and does nothing

  std::int64_t timeout = 600;  ///< seconds that ranks wait for each other

  /// What flags stand for in the configuration of a run that was written before
  /// they were there. `add_flags` declares what is not the flag's default:
  ///
  ///     add_named(app, "--narrow", settings.narrow, kNarrows);
  ///     settings.absent["narrow"] = "off";
  AbsentValues absent;

  // The trainer's choice, no flags.
  bool by_ranks = false;   ///< whether several processes may train one net
  bool classifies = true;  ///< whether there are labels to smooth and teachers
  /// Shares of the epochs at which the rate steps, and how the help says it.
  std::vector<double> steps_at = {1.0 / 3, 2.0 / 3};
  std::string steps_in_words = "a third and two thirds";

  /// Whether the chains of a linear net are narrowed.
  [[nodiscard]] bool narrows() const {
    if (narrow != NarrowChoice::kAuto) return narrow == NarrowChoice::kOn;
    return optimizer == OptimizerChoice::kSGD &&
           execution == ExecutionChoice::kWeightSpace;
  }
};

enum class Command { kTrain, kCompare };

inline constexpr Named<train::Select> kSelects[] = {
    {train::Select::kBestValidation, "best"},
    {train::Select::kLast, "last"},
    {train::Select::kBestTest, "test-best"}};

inline constexpr Named<ExecutionChoice> kExecutions[] = {
    {ExecutionChoice::kWeightSpace, "weight-space"},
    {ExecutionChoice::kModules, "modules"},
    {ExecutionChoice::kChained, "chained"}};

inline constexpr Named<InitChoice> kInits[] = {
    {{InitialValues::kDefault}, "default"},
    {{InitialValues::kMatched}, "matched"},
    {{InitialValues::kKaimingNormal}, "kaiming-normal"},
    {{InitialValues::kKaimingNormalUngrouped}, "kaiming-normal-ungrouped"},
    {{InitialValues::kNormal}, "normal"},
    {{InitialValues::kKaimingUniform}, "kaiming-uniform"},
    {{InitialValues::kPreserving}, "preserving"},
    {{InitialValues::kDefault, /*twin=*/true}, "twin"}};

inline constexpr Named<NarrowChoice> kNarrows[] = {
    {NarrowChoice::kAuto, "auto"},
    {NarrowChoice::kOn, "on"},
    {NarrowChoice::kOff, "off"}};

inline constexpr Named<OptimizerChoice> kOptimizers[] = {
    {OptimizerChoice::kSGD, "sgd"}, {OptimizerChoice::kAdamW, "adamw"}};

inline constexpr Named<ScheduleChoice> kSchedules[] = {
    {ScheduleChoice::kSteps, "steps"},
    {ScheduleChoice::kLinear, "linear"},
    {ScheduleChoice::kCosine, "cosine"},
    {ScheduleChoice::kConstant, "constant"}};

inline constexpr Named<DecayChoice> kDecays[] = {
    {DecayChoice::kFactors, "factors"}, {DecayChoice::kFold, "fold"}};

inline constexpr Named<DecayScheduleChoice> kDecaySchedules[] = {
    {DecayScheduleChoice::kConstant, "constant"},
    {DecayScheduleChoice::kCosine, "cosine"}};

inline constexpr Named<Int8Choice> kInt8s[] = {
    {Int8Choice::kNone, "none"},
    {Int8Choice::kTensor, "tensor"},
    {Int8Choice::kChannel, "channel"}};

inline constexpr Named<HeadChoice> kHeads[] = {{HeadChoice::kAuto, "auto"},
                                               {HeadChoice::kKeep, "keep"},
                                               {HeadChoice::kNew, "new"}};

inline constexpr Named<DeviceChoice> kDevices[] = {
    {DeviceChoice::kAuto, "auto"},
    {DeviceChoice::kCPU, "cpu"},
    {DeviceChoice::kCUDA, "cuda"}};

inline constexpr Named<MemoryFormatChoice> kMemoryFormats[] = {
    {MemoryFormatChoice::kAuto, "auto"},
    {MemoryFormatChoice::kContiguous, "contiguous"},
    {MemoryFormatChoice::kChannelsLast, "channels-last"}};

}  // namespace expandnet::examples
