#include <expandnet/data/loading/batches.h>
#include <expandnet/models/small_net.h>
#include <expandnet/models/small_net_recipes.h>
#include <expandnet/tasks/classification/classification_meter.h>
#include <expandnet/train/checkpoints.h>
#include <expandnet/train/evaluate.h>
#include <expandnet/train/optimizers.h>
#include <expandnet/train/training.h>
#include <gtest/gtest.h>
#include <torch/serialize.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "files.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

constexpr std::int64_t kClasses = 4;

/// Images whose class can be seen: a bright quarter, in noise.
data::Batches quarters(std::int64_t count, std::uint64_t seed,
                       data::BatchOptions options = {}) {
  torch::manual_seed(seed);
  auto images = torch::randint(60, {count, 3, 32, 32}, at::kByte);
  const auto labels = torch::arange(count) % kClasses;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto label = i % kClasses;
    images[i]
        .slice(1, 16 * (label / 2), 16 * (label / 2) + 16)
        .slice(2, 16 * (label % 2), 16 * (label % 2) + 16)
        .add_(120);
  }
  options.batch_size = 8;
  options.padding = 2;
  options.flip = false;
  return {images, labels, options};
}

/// A small run of the paper's net, the same from each seed.
class SmallRun {
 public:
  explicit SmallRun(train::TrainingOptions options = some_options(),
                    const std::string& recipe = "cl+fc", double rate = 0.02,
                    bool validates = true, double decay = 0)
      : training_batches_(quarters(40, 1)),
        validation_batches_(quarters(16, 2, data::BatchOptions().plain())),
        test_batches_(quarters(12, 3, data::BatchOptions().plain())) {
    torch::manual_seed(5);
    const bool wide = recipe.rfind("ck", 0) == 0;
    net_ = models::SmallNet(
        models::SmallNetOptions().kernel_size(wide ? 5 : 3).classes(kClasses));
    if (recipe != "none") {
      expansion_ = std::make_unique<Expansion>(
          expand(*net_, models::small_net_recipe(recipe)));
    }
    optimizer_ = std::make_unique<train::SGD>(
        expansion_ ? expansion_->parameters() : net_->parameters(),
        torch::optim::SGDOptions(rate).momentum(0.9).weight_decay(decay));
    train::TrainingParts parts;
    parts.model = train::model_of(net_);
    parts.optimizer = optimizer_.get();
    parts.expansion = expansion_.get();
    parts.training = &training_batches_;
    if (validates) parts.validation = &validation_batches_;
    if (options.select == train::Select::kBestTest) parts.test = &test_batches_;
    training_ = std::make_unique<train::Training>(parts, std::move(options));
  }

  static train::TrainingOptions some_options() {
    train::TrainingOptions options;
    options.epochs = 4;
    options.schedule = train::linear_schedule(4, 0.1);
    return options;
  }

  train::Training* operator->() { return training_.get(); }
  train::Training& operator*() { return *training_; }

  void finish() {
    while (!training_->finished()) training_->step();
  }
  [[nodiscard]] std::vector<at::Tensor> state() const {
    auto state = net_->parameters();
    for (const auto& buffer : net_->buffers()) state.push_back(buffer);
    if (expansion_) {
      for (const auto& factor : expansion_->parameters()) {
        state.push_back(factor);
      }
    }
    return state;
  }
  Expansion& expansion() { return *expansion_; }
  models::SmallNet net() { return net_; }
  torch::optim::Optimizer& optimizer() { return *optimizer_; }

 private:
  data::Batches training_batches_, validation_batches_, test_batches_;
  models::SmallNet net_{nullptr};
  std::unique_ptr<Expansion> expansion_;
  std::unique_ptr<train::SGD> optimizer_;
  std::unique_ptr<train::Training> training_;
};

void expect_same_bits(const SmallRun& a, const SmallRun& b) {
  const auto expected = b.state();
  const auto actual = a.state();
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_TRUE(actual[i].equal(expected[i])) << i;
  }
}

void expect_same_history(SmallRun& a, SmallRun& b) {
  ASSERT_EQ(a->history().size(), b->history().size());
  for (std::size_t i = 0; i < a->history().size(); ++i) {
    const auto& x = a->history()[i];
    const auto& y = b->history()[i];
    EXPECT_EQ(x.epoch, y.epoch);
    EXPECT_EQ(x.learning_rate, y.learning_rate);
    EXPECT_EQ(x.training, y.training);
    EXPECT_EQ(x.validation, y.validation);
    EXPECT_EQ(x.test, y.test);
  }
  EXPECT_EQ(a->best_epoch(), b->best_epoch());
}

/// A folder that goes with the test.
class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() /
              ("expandnet_training_test_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

class TrainingOf : public ::testing::TestWithParam<std::string> {};

TEST_P(TrainingOf, ASmallSetEndsWithNearlyNoLoss) {
  auto options = SmallRun::some_options();
  options.epochs = 30;
  options.schedule = {};
  SmallRun run(options, GetParam());
  run.finish();

  const auto& last = run->history().back();
  EXPECT_LE(last.training.at("loss"), 0.05);
  EXPECT_EQ(last.training.at("accuracy"), 1);
  EXPECT_GE(last.validation->at("accuracy"), 0.9);
}

INSTANTIATE_TEST_SUITE_P(EveryRecipe, TrainingOf,
                         ::testing::Values("none", "fc", "cl", "cl+fc", "ck",
                                           "ck+fc"),
                         [](const auto& recipe) {
                           std::string name = recipe.param;
                           for (auto& letter : name) {
                             if (letter == '+') letter = 'A';
                           }
                           return name;
                         });

TEST(Training, CountsEpochsAndSteps) {
  SmallRun run;
  EXPECT_EQ(run->steps_per_epoch(), 5);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(run->step());
  EXPECT_EQ(run->epoch(), 0);
  EXPECT_EQ(run->iteration(), 4);
  EXPECT_TRUE(run->step());
  EXPECT_EQ(run->epoch(), 1);
  EXPECT_EQ(run->iteration(), 0);
  EXPECT_EQ(run->history().size(), 1);
  EXPECT_FALSE(run->finished());
}

TEST(Training, FollowsTheSchedule) {
  SmallRun by_epoch;
  by_epoch.finish();
  EXPECT_DOUBLE_EQ(by_epoch->history()[0].learning_rate, 0.02);
  EXPECT_DOUBLE_EQ(by_epoch->history()[2].learning_rate, 0.02 * 0.55);

  auto options = SmallRun::some_options();
  options.schedule_per_iteration = true;
  SmallRun by_step(options);
  by_step.finish();  // the last of five steps stands at 0.8 of the epoch
  EXPECT_DOUBLE_EQ(by_step->history()[0].learning_rate,
                   0.02 * (1 - 0.9 * 0.8 / 4));
}

TEST(Training, FollowsTheScheduleOfTheWeightDecay) {
  const auto decay_at = train::cosine_schedule(2, 0.1);
  auto options = SmallRun::some_options();
  options.epochs = 2;
  options.decay_schedule = decay_at;
  options.schedule_per_iteration = true;
  SmallRun run(options, "cl+fc", /*rate=*/0.02, /*validates=*/true,
               /*decay=*/0.2);
  for (int step = 0; !run->finished(); ++step) {
    run->step();
    EXPECT_DOUBLE_EQ(train::weight_decays_of(run.optimizer()).front(),
                     0.2 * decay_at(step / 5.0));
  }
}

TEST(Training, FollowsTheScheduleWithTheDecayOfFolds) {
  auto halved = SmallRun::some_options();
  halved.step.fold_decay = 0.2;
  halved.decay_schedule = [](double /*position*/) { return 0.5; };
  SmallRun by_schedule(halved);
  auto less = SmallRun::some_options();
  less.step.fold_decay = 0.1;
  SmallRun by_hand(less);
  SmallRun without;
  for (auto* run : {&by_schedule, &by_hand, &without}) run->finish();
  expect_same_bits(by_schedule, by_hand);
  EXPECT_FALSE(by_hand.state().front().equal(without.state().front()));
}

/// What a run saves that is left after so many steps.
std::stringstream saved_after(int steps) {
  SmallRun left;
  for (int i = 0; i < steps; ++i) left->step();
  torch::serialize::OutputArchive archive;
  left->save(archive);
  std::stringstream file;
  archive.save_to(file);
  return file;
}

TEST(Training, GoesOnToTheSameBits) {
  SmallRun straight;
  straight.finish();
  for (const int steps : {1, 5, 7, 19}) {  // within epochs, and between
    auto file = saved_after(steps);
    torch::manual_seed(99);
    SmallRun resumed;
    torch::serialize::InputArchive archive;
    archive.load_from(file);
    resumed->load(archive);
    EXPECT_EQ(resumed->epoch() * 5 + resumed->iteration(), steps);
    resumed.finish();

    expect_same_bits(resumed, straight);
    expect_same_history(resumed, straight);
  }
}

TEST(Training, GoesOnAtTheRatesThatItBeganWith) {
  SmallRun straight;
  straight.finish();
  for (const int steps : {5, 7}) {  // between epochs, and within one
    auto file = saved_after(steps);
    SmallRun resumed(SmallRun::some_options(), "cl+fc", /*rate=*/0.5);
    torch::serialize::InputArchive archive;
    archive.load_from(file);
    resumed->load(archive);
    resumed.finish();

    expect_same_bits(resumed, straight);
    expect_same_history(resumed, straight);
  }
}

TEST(Training, TakesTurnsWithAnotherRun) {
  SmallRun alone;
  alone.finish();
  SmallRun one;
  SmallRun other(SmallRun::some_options(), "none");
  while (!one->finished() || !other->finished()) {
    if (!one->finished()) one->step();
    if (!other->finished()) other->step();
  }
  expect_same_bits(one, alone);
  expect_same_history(one, alone);
}

TEST(Training, SelectsByTheSetThatItIsTold) {
  for (const auto select : {train::Select::kBestValidation,
                            train::Select::kBestTest, train::Select::kLast}) {
    auto options = SmallRun::some_options();
    options.epochs = 6;
    options.select = select;
    SmallRun run(options);
    run.finish();

    std::int64_t best = 6;
    if (select != train::Select::kLast) {
      double highest = -1;
      for (const auto& record : run->history()) {
        const auto& score = select == train::Select::kBestTest
                                ? record.test
                                : record.validation;
        ASSERT_TRUE(score.has_value());
        if (score->at("accuracy") > highest) {
          highest = score->at("accuracy");
          best = record.epoch;
        }
      }
    }
    EXPECT_EQ(run->best_epoch(), best);
    EXPECT_EQ(run->history()[0].test.has_value(),
              select == train::Select::kBestTest);
  }
}

TEST(Training, TellsObserversOfEachStepAndEpoch) {
  struct Counter : train::Observer {
    void on_step(const train::Training& training) override {
      ++steps;
      EXPECT_GT(training.iteration(), 0);
    }
    void on_epoch(const train::Training& training) override {
      EXPECT_EQ(training.epoch(), ++epochs);
      EXPECT_EQ(training.history().back().epoch, epochs);
    }
    std::int64_t steps = 0, epochs = 0;
  } counter;
  SmallRun run;
  run->observe(counter);
  run.finish();
  EXPECT_EQ(counter.steps, 20);
  EXPECT_EQ(counter.epochs, 4);
}

TEST(Training, StopsWhereTheLossIsNotFinite) {
  SmallRun run(SmallRun::some_options(), "none", 1e30);
  std::string message;
  try {
    run.finish();
  } catch (const train::Diverged& error) {
    message = error.what();
  }
  EXPECT_EQ(message.substr(0, message.find(", got")),
            "Training: the loss must be finite");
  EXPECT_NE(message.find(" of epoch 1 with a learning rate of 1e+30; lower it"),
            std::string::npos)
      << message;
  EXPECT_TRUE(run->history().empty());
}

/// What a run comes to whose last step of the first epoch, and that alone, is
/// as much too large.
std::string message_after_a_step_of(double factor, bool validates) {
  auto options = SmallRun::some_options();
  if (!validates) options.select = train::Select::kLast;
  options.schedule_per_iteration = true;
  options.schedule = [=](double epoch) { return epoch < .7 ? 1 : factor; };
  SmallRun run(options, "none", 0.02, validates);
  const Folder folder;
  train::Checkpoints checkpoints(folder.path(), "");
  run->observe(checkpoints);
  std::string message;
  try {
    run->step();
    while (run->iteration() < run->steps_per_epoch() - 1) run->step();
    checkpoints.save_last(*run);
    std::filesystem::rename(checkpoints.last_path(), folder.path() + "/before");
    run->step();
  } catch (const train::Diverged& error) {
    message = error.what();
  }
  EXPECT_FALSE(checkpoints.has_last()) << message;
  return message;
}

TEST(Training, StopsBeforeItSavesAnEpochWhoseLastStepDiverged) {
  EXPECT_EQ(message_after_a_step_of(1e30, /*validates=*/true),
            "Training: the validation loss must be finite, got nan by step 5 "
            "of epoch 1 with a learning rate of 2e+28; lower it");
  EXPECT_EQ(message_after_a_step_of(1e50, /*validates=*/false),
            "Training: weights must be finite, got inf or nan in conv1.weight "
            "by step 5 of epoch 1 with a learning rate of 2e+48; lower it");
}

TEST(Training, SavesNoWeightsThatAreNotFinite) {
  SmallRun run(SmallRun::some_options(), "cl+fc");
  run->step();
  {
    const torch::NoGradGuard no_grad;
    run.net()->fc2->bias[1] = std::nan("");
  }
  const Folder folder;
  const train::Checkpoints checkpoints(folder.path(), "");
  std::string message;
  try {
    checkpoints.save_last(*run);
  } catch (const train::Diverged& error) {
    message = error.what();
  }
  EXPECT_EQ(
      message,
      "Training: weights must be finite, got inf or nan in fc2.bias by step "
      "1 of epoch 1 with a learning rate of 0.02; lower it");
  EXPECT_FALSE(checkpoints.has_last());
}

TEST(Training, RefusesWhatItCannotRun) {
  EXPECT_EQ(error_of([] {
              auto options = SmallRun::some_options();
              options.epochs = 0;
              const SmallRun run(options);
            }),
            "Training: epochs must be positive, got 0");
  EXPECT_EQ(error_of([] { train::Training({}, {}); }),
            "Training: a model needs its module and forward, got none; make "
            "it with model_of");
  EXPECT_EQ(error_of([] {
              SmallRun run;
              run.finish();
              run->step();
            }),
            "Training: a finished run has no next step, got 4 of 4 epochs");
}

TEST(Training, EndsAnEpochWithAWholeUpdate) {
  auto options = SmallRun::some_options();
  options.step.accumulate = 2;
  SmallRun run(options);
  EXPECT_EQ(run->steps_per_epoch(), 4);  // of 5 batches
  run->step();
  EXPECT_FALSE(run->between_updates());
  run->step();
  EXPECT_TRUE(run->between_updates());
  options.step.accumulate = 6;
  EXPECT_EQ(error_of([&] { const SmallRun none(options); }),
            "Training: an update must not need more batches than an epoch has, "
            "got 6 of 5");
}

TEST(Training, EvaluatesTheAverageAndTrainsTheWeights) {
  const Folder folder;
  auto options = SmallRun::some_options();
  options.epochs = 2;
  options.select = train::Select::kLast;
  SmallRun plain(options);
  options.ema = 0.9;
  SmallRun averaged(options);
  train::Checkpoints checkpoints(folder.path(), "a");
  averaged->observe(checkpoints);
  plain.finish();
  averaged.finish();
  const auto weights = averaged.state();
  EXPECT_TRUE(weights.front().equal(plain.state().front()));
  EXPECT_NE(averaged->history()[1].validation->at("loss"),
            plain->history()[1].validation->at("loss"));

  SmallRun loaded(options);
  checkpoints.load_best(*loaded);
  averaged->average()->swap();
  loaded->average()->swap();
  expect_same_bits(loaded, averaged);
}

TEST(Evaluate, AveragesOverImagesNotBatches) {
  torch::manual_seed(1);
  models::SmallNet net(
      models::SmallNetOptions().kernel_size(3).classes(kClasses));
  auto batches = quarters(11, 4, data::BatchOptions().plain());  // 8 and 3
  tasks::ClassificationMeter meter(at::kCPU);
  const auto metrics = train::evaluate(train::model_of(net), batches, meter);

  EXPECT_TRUE(net->is_training());
  net->eval();
  const torch::NoGradGuard no_grad;
  at::Tensor images =
      torch::cat({batches.batch(0).images, batches.batch(1).images});
  const auto labels = torch::arange(11) % kClasses;
  const auto logits = net->forward(images);
  EXPECT_NEAR(metrics.at("loss"),
              torch::cross_entropy_loss(logits, labels).item<double>(), 1e-6);
  EXPECT_DOUBLE_EQ(
      metrics.at("accuracy"),
      logits.argmax(1).eq(labels).to(at::kDouble).mean().item<double>());
}

TEST(Checkpoints, KeepTheLastAndTheBest) {
  const Folder folder;
  const train::Checkpoints unused(folder.path(), "a");
  EXPECT_FALSE(unused.has_last());

  train::Checkpoints checkpoints(folder.path(), "a");
  auto options = SmallRun::some_options();
  options.epochs = 6;
  SmallRun run(options);
  run->observe(checkpoints);
  std::vector<at::Tensor> best;
  while (!run->finished()) {
    if (run->step() && run->best_epoch() == run->epoch()) {
      best.clear();
      for (const auto& tensor : run.state()) best.push_back(tensor.clone());
    }
  }
  SmallRun last(options);
  checkpoints.load_last(*last);
  EXPECT_TRUE(last->finished());
  expect_same_bits(last, run);

  checkpoints.load_best(*last);
  EXPECT_EQ(last->history().size(), 6);  // weights alone
  const auto loaded = last.state();
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    EXPECT_TRUE(loaded[i].equal(best[i])) << i;
  }
}

TEST(Checkpoints, OfAnEpochThatWasCutShortGoOn) {
  const Folder folder;
  SmallRun straight;
  straight.finish();
  train::Checkpoints checkpoints(folder.path(), "a");
  {
    SmallRun left;
    left->observe(checkpoints);
    for (int i = 0; i < 8; ++i) left->step();
    checkpoints.save_last(*left);
  }
  SmallRun resumed;
  checkpoints.load_last(*resumed);
  EXPECT_EQ(resumed->iteration(), 3);
  resumed.finish();
  expect_same_bits(resumed, straight);
}

TEST(Checkpoints, MendABestThatWasNotKeptInTime) {
  const Folder folder;
  train::Checkpoints checkpoints(folder.path(), "a");
  SmallRun run;
  run->observe(checkpoints);
  while (!run->step()) continue;
  std::filesystem::remove(checkpoints.best_path());  // killed in between

  SmallRun resumed;
  checkpoints.load_last(*resumed);
  checkpoints.load_best(*resumed);
  expect_same_bits(resumed, run);

  checkpoints.load_last(*resumed);  // has nothing to mend
  EXPECT_FALSE(std::filesystem::exists(checkpoints.best_path() + ".tmp"));
}

TEST(Checkpoints, AreNotMistaken) {
  const Folder folder;
  train::Checkpoints checkpoints(folder.path(), "a");
  SmallRun run;
  run->observe(checkpoints);
  while (!run->step()) continue;

  const train::Checkpoints other(folder.path(), "b");
  EXPECT_EQ(error_of([&] { other.load_last(*run); }),
            "Checkpoints: a run goes on as it was configured, got a checkpoint "
            "of another configuration in \"" +
                checkpoints.last_path() + "\"; name another folder");

  std::ofstream(checkpoints.last_path()) << "something else";
  EXPECT_EQ(failure_of([&] { checkpoints.load_last(*run); }),
            "Checkpoints: a checkpoint must be whole and of this library, "
            "got \"" +
                checkpoints.last_path() +
                "\" (the file: a zip file must end with the record of its "
                "directory, got none in the last 14 bytes; fetch the file or "
                "save it again); use another checkpoint, or train in another "
                "folder");
  std::filesystem::remove(checkpoints.best_path());
  EXPECT_EQ(failure_of([&] { checkpoints.load_best(*run); }),
            "Checkpoints: a run must have a checkpoint, got none in \"" +
                checkpoints.best_path() +
                "\"; each epoch writes one at its "
                "end");

  // Weights alone, as the trainers save them too.
  torch::save(run.net(), checkpoints.last_path());
  const auto message = failure_of([&] { checkpoints.load_last(*run); });
  EXPECT_EQ(message.substr(0, message.find(" (")),
            "Checkpoints: a checkpoint must be whole and of this library, "
            "got \"" +
                checkpoints.last_path() + "\"");
}

TEST(Checkpoints, AreRefusedWithAFlippedBit) {
  const Folder folder;
  train::Checkpoints checkpoints(folder.path(), "");
  SmallRun run;
  run->step();
  checkpoints.save_last(*run);
  const auto weight = run.state().front();
  std::string bytes;
  {
    std::ifstream file(checkpoints.last_path(), std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  const auto place =
      bytes.find({static_cast<const char*>(weight.const_data_ptr()), 64});
  ASSERT_NE(place, std::string::npos);
  bytes[place + 7] = static_cast<char>(bytes[place + 7] ^ 4);
  std::ofstream(checkpoints.last_path(), std::ios::binary) << bytes;

  const auto message = failure_of([&] { checkpoints.load_last(*run); });
  EXPECT_NE(message.find("must have the checksum of the directory, got "
                         "another; fetch the file or save it again)"),
            std::string::npos)
      << message;
  EXPECT_EQ(failure_of([&] {
              train::load_weights(checkpoints.last_path(), *run.net(), nullptr);
            }),
            message);
}

}  // namespace
}  // namespace expandnet::testing
