#include "programs/cifar_program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>

#include "trainers/app/commands/program.h"
#include "trainers/cifar/cifar_trainer.h"

namespace expandnet::testing {

namespace {

namespace fs = std::filesystem;

/// One CIFAR-10 file: a label and 3 x 32 x 32 pixels for each image, whose
/// brightness tells the label, in noise.
void write_cifar10(const fs::path& path, int count, unsigned seed) {
  std::mt19937 random(seed);
  std::ofstream file(path, std::ios::binary);
  for (int i = 0; i < count; ++i) {
    const auto label = static_cast<unsigned>(i) % 10;
    file.put(static_cast<char>(label));
    for (int pixel = 0; pixel < 3072; ++pixel) {
      file.put(static_cast<char>(20UL * label + random() % 60));
    }
  }
}

/// expandnet-cifar as it may be later, with one flag more.
class LaterTrainer : public examples::CifarTrainer {
 public:
  [[nodiscard]] std::unique_ptr<Trainer> clone() const override {
    return std::make_unique<LaterTrainer>(*this);
  }
  void add_flags(CLI::App& app) override {
    examples::CifarTrainer::add_flags(app);
    app.add_option("--manner", manner_);
    settings.absent["manner"] = "old";
  }

 private:
  std::string manner_ = "new";
};

/// Its net has a layer that cannot be expanded.
class FrozenTrainer : public examples::CifarTrainer {
 public:
  [[nodiscard]] std::unique_ptr<Trainer> clone() const override {
    return std::make_unique<FrozenTrainer>(*this);
  }
  [[nodiscard]] train::Model compact_net(std::int64_t classes) const override {
    auto model = examples::CifarTrainer::compact_net(classes);
    model.module->named_parameters()["conv2.weight"].set_requires_grad(false);
    return model;
  }
};

/// Runs `program` as a training program of its own.
template <typename OfProgram>
void run_trainer_in_copies(const std::string& program) {
  run_in_copies(program, [](int argc, const char* const* argv) {
    return examples::run_program(OfProgram(), argc, argv,
                                 examples::classifier_commands());
  });
}

}  // namespace

const Words CifarProgramTest::kShort = {"--epochs", "3", "--expand", "cl+fc"};
const Words CifarProgramTest::kLong = {
    "--epochs",   "40",     "--expand",        "cl+fc",
    "--schedule", "cosine", "--per-iteration", "true"};

void CifarProgramTest::SetUpTestSuite() {
  run_trainer_in_copies<examples::CifarTrainer>(EXPANDNET_CIFAR);
  run_trainer_in_copies<LaterTrainer>("later-cifar");
  run_trainer_in_copies<FrozenTrainer>("frozen-cifar");
}

void CifarProgramTest::SetUp() {
  ProgramTest::SetUp();
  fs::create_directories(folder_ / "data");
  for (unsigned i = 1; i <= 5; ++i) {
    write_cifar10(
        folder_ / "data" / ("data_batch_" + std::to_string(i) + ".bin"), 30, i);
  }
  write_cifar10(folder_ / "data" / "test_batch.bin", 30, 9);
}

Words CifarProgramTest::command(const std::string& name, const Words& more,
                                const std::string& out) const {
  Words words = {EXPANDNET_CIFAR, name,     "--data",       path("data"),
                 "--validation",  "30",     "--batch-size", "8",
                 "--threads",     "1",      "--device",     "cpu",
                 "--out",         path(out)};
  const bool is_small_net =
      std::find(more.begin(), more.end(), "--net") == more.end();
  if (is_small_net) words = joined(words, {"--kernel", "3"});
  return joined(words, more);
}

Outcome CifarProgramTest::run_plain(const Words& more) const {
  return run(joined({EXPANDNET_CIFAR}, more));
}

double CifarProgramTest::last_loss(const std::string& out) const {
  return json(out + "/run.json")["epochs"].back()["training_loss"];
}

}  // namespace expandnet::testing
