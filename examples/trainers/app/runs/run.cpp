#include "trainers/app/runs/run.h"

#include <c10/util/Exception.h>
#include <expandnet/base/atomic_file.h>
#include <expandnet/passes/contract.h>
#include <expandnet/passes/hand_over.h>
#include <expandnet/passes/summary.h>
#include <expandnet/train/evaluate.h>
#include <fmt/format.h>
#include <torch/utils.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>
#include <utility>

#include "base/error.h"
#include "base/read_file.h"
#include "trainers/app/runs/cost_notes.h"
#include "trainers/app/runs/int8.h"
#include "trainers/app/runs/pace_notes.h"
#include "trainers/app/runs/run_files.h"
#include "trainers/app/runs/script_net.h"
#include "trainers/app/runs/training_options.h"
#include "trainers/app/runs/weights.h"
#include "trainers/app/settings/configuration.h"

namespace expandnet::examples {

namespace {

constexpr const char* kTwinFolder = "twin";

train::TrainingParts parts_of(const TrainableModel& trainable,
                              const RunData& data,
                              torch::optim::Optimizer& optimizer,
                              const Settings& settings,
                              const RunContext& context) {
  train::TrainingParts parts;
  parts.model = trainable.model;
  parts.optimizer = &optimizer;
  parts.expansion = trainable.expansion.get();
  parts.training = data.training.get();
  parts.validation = data.validation.get();
  // Else it is read once, at the end.
  if (settings.select == train::Select::kBestTest) parts.test = data.test.get();
  parts.task = context.task;
  return parts;
}

std::int64_t steps_of(const train::Training& training) {
  return training.epoch() * training.steps_per_epoch() + training.iteration();
}

std::unique_ptr<Stage> make_main(const RunPlan& plan,
                                 const RunContext& context) {
  torch::manual_seed(plan.seed);
  auto trainable = plan.trainer->make_trainable(
      plan.recipe, context.images.classes(), context.machine);
  return std::make_unique<Stage>(std::move(trainable), plan, plan.folder,
                                 plan.settings(), context);
}

/// A run without a parameter that trains would end as it began.
void check_trains(const TrainableModel& trainable, const Trainer& trainer) {
  const auto parameters = trainable.parameters();
  const bool trains = std::any_of(
      parameters.begin(), parameters.end(),
      [](const auto& parameter) { return parameter.requires_grad(); });
  const bool freezes = !trainer.settings.fine_tuning.freeze.empty();
  TORCH_CHECK(trains,
              error_message(freezes ? "--freeze" : "--net",
                            "the net must have parameters that train", "none",
                            freezes ? "leave some out"
                                    : "in Python, set requires_grad on some"));
}

/// What the net is worth before its first step; nothing where no images but the
/// test's are there to tell.
std::optional<tasks::Metrics> evaluate_before(const Stage& stage,
                                              const Machine& machine) {
  if (stage.data.validation == nullptr) return std::nullopt;
  const auto meter = stage.training.new_meter();
  return train::evaluate(stage.trainable.model, *stage.data.validation, *meter,
                         machine.precision, machine.ranks.get());
}

/// Null for a run that has no twin.
std::unique_ptr<Stage> make_twin(const RunPlan& plan,
                                 const RunContext& context) {
  if (!context.has_twin(plan.recipe)) return nullptr;
  torch::manual_seed(plan.seed);
  auto twin = plan.trainer->make_twin(plan.recipe, context.images.classes(),
                                      context.machine);
  TORCH_CHECK(twin.has_value(),
              error_message("--init", "twin needs nets that have one",
                            context.trainer.title()));
  auto settings = plan.settings();
  if (settings.twin_epochs > 0) settings.epochs = settings.twin_epochs;
  settings.confusion = 0;  // it is of the net that is kept
  const auto folder =
      (std::filesystem::path(plan.folder) / kTwinFolder).string();
  return std::make_unique<Stage>(std::move(*twin), plan, folder, settings,
                                 context);
}

}  // namespace

std::string RunPlan::name() const {
  const auto choice = in_words(values);
  return fmt::format("{}{}{} seed {}", recipe == "none" ? "compact" : recipe,
                     choice.empty() ? "" : " ", choice, seed);
}

Stage::Stage(TrainableModel the_trainable, const RunPlan& plan,
             const std::string& folder, const Settings& settings,
             const RunContext& context)
    : trainable(std::move(the_trainable)),
      data(context.images.run_data(plan.seed)),
      optimizer(make_optimizer(settings, trainable)),
      checkpoints(
          folder, configuration_with_effect(plan.configuration),
          context.machine.ranks.get(),
          [configuration = plan.configuration, absent = settings.absent](
              const std::string& saved, const std::string& /*own*/) {
            return has_effect_of(configuration, saved, absent);
          }),
      training(parts_of(trainable, data, *optimizer, settings, context),
               training_options(settings, context.machine)) {
  if (settings.confusion > 0 && !plan.tunes) {
    confusion =
        std::make_unique<ConfusionLog>(trainable, folder, settings, context);
    training.observe(*confusion);
  }
  training.observe(checkpoints);
}

std::vector<std::string> check_run(const RunPlan& plan,
                                   const RunContext& context) {
  std::vector<std::string> notes;
  {
    const auto main = make_main(plan, context);
    auto of_pace = pace_notes(main->trainable, plan.settings());
    // One that cannot go on is better known before anything is timed.
    const auto result = std::filesystem::path(plan.folder) / kRunResultFile;
    if (!std::filesystem::exists(result) && main->checkpoints.has_last()) {
      main->checkpoints.load_last(main->training);
    }
    notes = main->trainable.notes;
    check_trains(main->trainable, context.trainer);
    if (!context.trainer.script().empty()) {
      for (auto& note : check_gradients(
               main->trainable.model,
               context.trainer.example().to(context.machine.device))) {
        notes.push_back(std::move(note));
      }
    }
    if (const auto& expansion = main->trainable.expansion) {
      const auto& more = expansion->notes();
      notes.insert(notes.end(), more.begin(), more.end());
    }
    for (auto& note : cost_notes(main->trainable, context)) {
      notes.push_back(std::move(note));
    }
    for (auto& note : of_pace) notes.push_back(std::move(note));
  }
  make_twin(plan, context);
  return notes;
}

Run::Run(RunPlan plan, const RunContext& context)
    : plan_(std::move(plan)), machine_(context.machine) {
  main_ = make_main(plan_, context);
  const auto& trainable = main_->trainable;
  const auto total = trainable.expansion != nullptr
                         ? trainable.expansion->summary().total()
                         : summary(*trainable.model.module).total();
  train_parameters_ = total.train_parameters;
  kept_parameters_ = total.kept_parameters;
  twin_ = make_twin(plan_, context);
  if (twin_ != nullptr) {
    std::filesystem::create_directories(std::filesystem::path(plan_.folder) /
                                        kTwinFolder);
    twin_steps_ =
        twin_->training.options().epochs * twin_->training.steps_per_epoch();
  }
  const bool starts_from_weights =
      !context.settings().fine_tuning.weights.empty() ||
      !context.trainer.script().empty();
  if (starts_from_weights && !main_->checkpoints.has_last()) {
    before_ = evaluate_before(*main_, machine_);
  }
  if (main_->checkpoints.has_last()) {
    main_->checkpoints.load_last(main_->training);
    twin_.reset();
  } else if (twin_ != nullptr && twin_->checkpoints.has_last()) {
    twin_->checkpoints.load_last(twin_->training);
  }
  if (twin_ != nullptr && twin_->training.finished()) hand_over_twin();
}

void Run::observe(train::Observer& observer) {
  if (twin_ != nullptr) twin_->training.observe(observer);
  main_->training.observe(observer);
}

void Run::hand_over_twin() {
  twin_->checkpoints.load_best(twin_->training);
  if (main_->trainable.expansion) {
    hand_over(*twin_->trainable.model.module, *main_->trainable.expansion);
  } else {
    hand_over(*twin_->trainable.model.module, *main_->trainable.model.module);
  }
  twin_.reset();
}

void Run::step() {
  auto& stage = twin_ != nullptr ? *twin_ : *main_;
  try {
    stage.training.step();
  } catch (const train::Diverged& error) {
    throw train::Diverged(fmt::format(
        "{}: {}; {}", plan_.name(), error.what(),
        stage.checkpoints.has_last()
            ? "the last good checkpoint is " + stage.checkpoints.last_path()
            : "there is no checkpoint yet"));
  }
  if (twin_ != nullptr && twin_->training.finished()) hand_over_twin();
}

std::int64_t Run::steps_done() const {
  if (twin_ != nullptr) return steps_of(twin_->training);
  return twin_steps_ + steps_of(main_->training);
}

bool Run::between_updates() const {
  return (twin_ != nullptr ? *twin_ : *main_).training.between_updates();
}

void Run::save() const {
  const auto& stage = twin_ != nullptr ? *twin_ : *main_;
  if (stage.training.finished()) return;  // saved with its last epoch
  stage.checkpoints.save_last(stage.training);
}

std::int64_t Run::keep_skipped() const {
  std::string lines;
  const auto& data = main_->data;
  for (const auto* batches :
       {data.training.get(), data.validation.get(), data.test.get()}) {
    if (batches == nullptr) continue;
    for (const auto& file : batches->skipped()) lines += file + "\n";
  }
  const auto path = std::filesystem::path(plan_.folder) / kSkippedFile;
  std::set<std::string> files;
  const auto add = [&files](std::istream&& stream) {
    for (std::string line; std::getline(stream, line);) files.insert(line);
  };
  if (machine_.ranks) {
    for (const auto& of_rank : machine_.ranks->gather(lines)) {
      add(std::istringstream(of_rank));
    }
  } else {
    add(std::istringstream(lines));
  }
  if (!machine_.is_first()) return 0;
  if (std::filesystem::exists(path)) {
    add(std::istringstream(read_file(path.string())));
  }
  if (files.empty()) return 0;
  std::string text;
  for (const auto& file : files) text += file + "\n";
  write_file_atomically(path.string(), text);
  return static_cast<std::int64_t>(files.size());
}

void Run::remove_checkpoints() const {
  if (!machine_.is_first()) return;
  for (const auto& path :
       {main_->checkpoints.last_path(), main_->checkpoints.best_path(),
        (std::filesystem::path(plan_.folder) / kTwinFolder).string(),
        (std::filesystem::path(plan_.folder) / kStartFile).string()}) {
    std::filesystem::remove_all(path);
  }
}

RunResult Run::result_so_far() const {
  const auto& training = main_->training;
  RunResult result;
  result.recipe = plan_.recipe;
  result.seed = plan_.seed;
  result.state = training.finished() ? kFinished : "interrupted";
  result.train_parameters = train_parameters_;
  result.kept_parameters = kept_parameters_;
  result.chosen_epoch = training.best_epoch();
  result.epochs = training.history();
  if (result.chosen_epoch > 0) {
    result.validation =
        result.epochs[static_cast<std::size_t>(result.chosen_epoch - 1)]
            .validation;
  }
  return result;
}

RunResult Run::finish() {
  auto& stage = *main_;
  if (plan_.tunes) return result_so_far();
  stage.checkpoints.load_best(stage.training);
  auto result = result_so_far();
  auto& trainable = stage.trainable;
  auto& module = *trainable.model.module;
  auto* average = stage.training.average();
  // In weight space it is of what the chains fold to, elsewhere of the factors.
  if (average != nullptr && !trainable.expansion) average->swap();
  if (trainable.expansion) {
    result.layers = trainable.expansion->contract().layers;
    if (average != nullptr) average->swap();
  } else if (trainable.has_chains) {
    result.layers = contract(module).layers;
  }
  result.deploy_parameters = summary(module).total().deploy_parameters;
  if (stage.data.test != nullptr) {
    const auto meter = stage.training.new_meter();
    result.test = train::evaluate(trainable.model, *stage.data.test, *meter,
                                  machine_.precision, machine_.ranks.get());
    result.classes = meter->class_scores();
    const auto int8 = plan_.settings().int8;
    if (int8 != Int8Choice::kNone && !machine_.ranks) {
      result.int8 = evaluate_int8(
          trainable.model, plan_.trainer->example().to(machine_.device), int8,
          *stage.data.training, *stage.data.test, *meter);
    }
  }
  if (machine_.is_first()) {
    save_weights(module,
                 (std::filesystem::path(plan_.folder) / kWeightsFile).string());
  }
  return result;
}

}  // namespace expandnet::examples
