// settings.h: the settings that all trainers have.
#pragma once

#include <expandnet/fold/options.h>
#include <expandnet/train/training.h>

#include <cstdint>
#include <string>
#include <vector>

#include "command_line/named.h"
#include "trainers/app/settings/configuration.h"

namespace expandnet::examples {

/// Where the factors of expanded layers are during training.
enum class ExecutionChoice {
  kWeightSpace,  ///< in an Expansion, next to the compact net
  kModules,      ///< in expanded modules that run folded
  kChained,      ///< in expanded modules that run each factor over the feature
                 ///< maps
};

/// The initial values of factors.
struct InitChoice {
  InitialValues values = InitialValues::kDefault;
  bool twin = false;  ///< train the nonlinear twin first, for initial values
};
constexpr bool operator==(InitChoice a, InitChoice b) {
  return a.values == b.values && a.twin == b.twin;
}

/// Whether chains keep only the width that matters under SGD (fold/narrow.h).
enum class NarrowChoice {
  kAuto,  ///< on with SGD in weight space; a resumed run keeps its value
  kOn,
  kOff,
};

enum class OptimizerChoice { kSGD, kAdamW };
enum class ScheduleChoice { kSteps, kLinear, kCosine, kConstant };
/// What weight decay applies to in an expanded layer.
enum class DecayChoice { kFactors, kFold };
enum class DecayScheduleChoice { kConstant, kCosine };
/// How an evaluation in eight bits rounds the weights of a layer.
enum class Int8Choice { kNone, kTensor, kChannel };
enum class DeviceChoice { kAuto, kCPU, kCUDA };
enum class MemoryFormatChoice { kAuto, kContiguous, kChannelsLast };

/// The values that `compare` tries; with one value each, there is no choice.
struct Grid {
  std::vector<double> lr;
  std::vector<double> weight_decay;
  std::vector<double> rate;
};

/// What happens to the last linear layer in the file.
enum class HeadChoice {
  kAuto,  ///< it is used if it has the net's size
  kKeep,
  kNew,
};

/// How a net starts from given weights.
struct FineTuning {
  std::string weights;  ///< a file, or a run's folder; "": new initial values
  std::string weights_key;
  HeadChoice head = HeadChoice::kAuto;
  std::string head_layer;           ///< its path; "": the last linear layer
  std::vector<std::string> freeze;  ///< patterns of paths
  double lr_head = 1;               ///< factor of the learning rate of the head
};

/// The default values are the paper's for CIFAR.
struct Settings {
  std::string data = "data";
  std::vector<std::string> expand;    ///< recipes; `train` takes one
  std::vector<std::string> strategy;  ///< per layer, as PATTERN=STRATEGY
  double rate = 4;
  NarrowChoice narrow = NarrowChoice::kAuto;
  ExecutionChoice execution = ExecutionChoice::kWeightSpace;
  InitChoice init;
  std::int64_t twin_epochs = 0;  ///< of --init twin; 0: as many as `epochs`

  std::int64_t epochs = 150;
  std::int64_t batch_size = 128;
  OptimizerChoice optimizer = OptimizerChoice::kSGD;
  double lr = 0.01;
  double lr_chains = 1;  ///< factor of that of chains; 0: measured
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;
  bool decay_all = true;  ///< also decay BatchNorm and biases
  DecayChoice decay_on = DecayChoice::kFactors;
  DecayScheduleChoice decay_schedule = DecayScheduleChoice::kConstant;
  double decay_last = 0;  ///< share of weight_decay at the end of its schedule
  double label_smoothing = 0;
  double ema = 0;  ///< decay of the moving average of the weights; 0: none
  ScheduleChoice schedule = ScheduleChoice::kSteps;
  std::vector<double> milestones;  ///< in epochs; empty: those of `steps_at`
  double lr_factor = 0.1;          ///< at each milestone
  double lr_last = 0;  ///< share of lr at the end of linear and cosine
  double warmup = 0;   ///< in epochs
  bool per_iteration = false;
  double max_grad_norm = 0;  ///< 0: no clipping
  std::int64_t accumulate = 1;

  FineTuning fine_tuning;

  /// Folder of a finished run, or a file of TorchScript; "": none.
  std::string teacher;
  double temperature = 4;
  double distill = 0.9;

  std::int64_t confusion = 0;  ///< pairs of batches measured after each epoch;
                               ///< 0: none
  Int8Choice int8 = Int8Choice::kNone;
  train::Select select = train::Select::kBestValidation;
  std::uint64_t seed = 0;
  std::int64_t runs = 3;
  Grid grid;
  std::int64_t tune_seeds = 1;  ///< number for each variant and each cell of
                                ///< the grid

  DeviceChoice device = DeviceChoice::kAuto;
  train::Precision precision = train::Precision::kFloat32;
  MemoryFormatChoice memory_format = MemoryFormatChoice::kAuto;
  std::int64_t threads = 0;  ///< of each run; 0: the cores, divided among the
                             ///< runs
  std::int64_t jobs = 0;     ///< runs at the same time; 0: one per core, on
                             ///< CUDA all
  std::string out = "results";
  bool resume = false;
  bool dry_run = false;  ///< only shows what would be done

  bool sync_batch_norm = false;  ///< statistics of all ranks' batches
  std::int64_t timeout = 600;    ///< seconds that ranks wait for each other

  /// The values that flags stand for in the configuration of a run that was
  /// written before they existed. `add_flags` declares those that differ from
  /// the flag's default:
  ///
  ///     add_named(app, "--narrow", settings.narrow, kNarrows);
  ///     settings.absent["narrow"] = "off";
  AbsentValues absent;

  // Set by the trainer, not by flags.
  bool by_ranks = false;   ///< whether several processes may train one net
  bool classifies = true;  ///< whether label smoothing and teachers apply
  /// Shares of the epochs at which the rate steps, and their description in the
  /// help.
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
