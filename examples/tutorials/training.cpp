// training: a whole run by the library's own loop.
// docs/training.md shows the part between [snippet] and [/snippet].
//
//     training examples/data run
//
// trains SmallNet 3x3 in weight space for four epochs on the sample of
// Fashion-MNIST, with checkpoints in the folder "run", from which it goes on if
// it is called again, and contracts it. Fails below an accuracy of 0.7.
#include <expandnet/data/loading/batches.h>
#include <expandnet/data/sets/load_image_set.h>
#include <expandnet/expandnet.h>
#include <expandnet/models/small_net.h>
#include <expandnet/train/checkpoints.h>
#include <expandnet/train/optimizers.h>
#include <expandnet/train/schedules.h>
#include <expandnet/train/training.h>
#include <torch/torch.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>

namespace {

constexpr int kEpochs = 4;

expandnet::data::Batches load(const std::string& folder,
                              expandnet::data::Split split) {
  const auto set = expandnet::data::load_fashion_mnist(folder, split);
  const auto [mean, stddev] = expandnet::data::channel_statistics(set.name);
  expandnet::data::BatchOptions options;
  options.mean = mean;
  options.stddev = stddev;
  options.padding = 2;
  const bool trains = split == expandnet::data::Split::kTrain;
  return {set.images, set.labels, trains ? options : options.plain()};
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::cerr << "usage: training DATA_DIR RUN_DIR\n";
    return EXIT_FAILURE;
  }
  auto images = load(argv[1], expandnet::data::Split::kTrain);
  auto held_out = load(argv[1], expandnet::data::Split::kTest);
  const std::string folder = argv[2];
  std::filesystem::create_directories(folder);
  torch::manual_seed(0);
  expandnet::models::SmallNet model(expandnet::models::SmallNetOptions()
                                        .kernel_size(3)
                                        .in_channels(1)
                                        .image_size(28));

  // [snippet]
  // The paper's choice, but the first layer stays as it is.
  const auto usual = expandnet::default_selector(
      *model, expandnet::ExpansionOptions().initial_values(
                  expandnet::InitialValues::kMatched));
  auto expansion = expandnet::expand(
      *model, [&](const std::string& path, const torch::nn::Module& layer) {
        return path == "conv1" ? std::nullopt : usual(path, layer);
      });
  expandnet::train::SGD optimizer(expansion.parameters(),
                                  torch::optim::SGDOptions(0.02).momentum(0.9));

  expandnet::train::TrainingOptions options;
  options.epochs = kEpochs;
  options.schedule = expandnet::train::cosine_schedule(kEpochs);
  options.step.max_grad_norm = 5;
  expandnet::train::Training training(
      {expandnet::train::model_of(model), &optimizer, &expansion, &images,
       &held_out},
      options);
  expandnet::train::Checkpoints checkpoints(folder, /*configuration=*/"mine");
  if (checkpoints.has_last()) checkpoints.load_last(training);
  training.observe(checkpoints);
  while (!training.finished()) training.step();

  checkpoints.load_best(training);
  std::cout << expansion.contract();
  // [/snippet]

  const auto& best =
      training.history()[static_cast<std::size_t>(training.best_epoch() - 1)];
  std::cout << "epoch " << best.epoch << ", accuracy "
            << best.validation->at("accuracy") << "\n";
  return best.validation->at("accuracy") > 0.7 ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return EXIT_FAILURE;
}
