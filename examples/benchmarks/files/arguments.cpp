#include "benchmarks/files/arguments.h"

#include <expandnet/models/imagenet_recipes.h>

#include <CLI/CLI.hpp>
#include <string>

#include "command_line/checks.h"
#include "command_line/command_line.h"

namespace expandnet::examples::bench {

namespace {

constexpr std::int64_t kProgramBatch = 16;
constexpr const char* kFolders =
    "folder with a folder of images for each class";

void add_common(CLI::App& app, FilesArguments& arguments) {
  app.add_option("--rounds", arguments.rounds,
                 "turns of each, of which the median counts; one more is for "
                 "warming up")
      ->check(positive());
  app.add_option("--json", arguments.json, "file for the results");
}

void add_images(CLI::App& app, FilesArguments& arguments,
                const std::string& layout) {
  app.add_option("--data", arguments.data,
                 layout + "; by default JPEG files of 500x375 are made");
  app.add_option("--images", arguments.images,
                 "in an epoch, which is a turn; those in --data, spread evenly")
      ->check(positive());
  app.add_option("--batch-size", arguments.batch)->check(positive());
  app.add_option("--image-size", arguments.image_size, "side in pixels")
      ->check(positive());
}

void add_python(CLI::App& app, FilesArguments& arguments) {
  app.add_option("--python", arguments.python,
                 "a Python that has torchvision; by default it is left out");
}

CLI::App* add_loader(CLI::App& app, FilesArguments& arguments) {
  auto* loader = app.add_subcommand(
      "loader",
      "Images a second, with the crops of training: one worker on one core, "
      "then workers on all; torchvision beside it.");
  add_images(*loader, arguments, kFolders);
  loader->add_option("--workers", arguments.workers, "threads that read")
      ->check(from_to(1, kMostThreads));
  add_python(*loader, arguments);
  add_common(*loader, arguments);
  return loader;
}

CLI::App* add_boxes(CLI::App& app, FilesArguments& arguments) {
  auto* boxes = app.add_subcommand(
      "boxes",
      "Images with boxes a second, as a detector is trained on: crops of any "
      "scale, flips and other colours, which boxes follow. One thread on one "
      "core, beside torchvision's transforms.v2 on the same files.");
  add_images(*boxes, arguments,
             "folder in the layout of one year of PASCAL VOC");
  boxes->add_option("--list", arguments.list, "the images in --data");
  add_python(*boxes, arguments);
  add_common(*boxes, arguments);
  return boxes;
}

CLI::App* add_program(CLI::App& app, FilesArguments& arguments) {
  auto* program = app.add_subcommand(
      "program",
      "Training from files to updated weights, in weight space, against the "
      "step on a batch in memory and against reading alone.");
  add_images(*program, arguments, kFolders);
  program
      ->add_option("--net", arguments.nets,
                   "networks, expanded as in the paper")
      ->check(CLI::IsMember(models::imagenet_nets()));
  program
      ->add_option("--workers", arguments.workers.front(), "threads that read")
      ->check(from_to(1, kMostThreads));
  program->add_option("--threads", arguments.threads, "threads that compute")
      ->check(from_to(1, kMostThreads));
  add_common(*program, arguments);
  return program;
}

CLI::App* add_weights(CLI::App& app, FilesArguments& arguments) {
  auto* weights = app.add_subcommand(
      "weights",
      "Reading safetensors, down to each byte, against read(2) of the same "
      "file; contracting the paper's MobileNetV1.");
  weights->add_option("--megabytes", arguments.megabytes, "of the file")
      ->check(positive());
  add_common(*weights, arguments);
  return weights;
}

void check(const FilesArguments& arguments) {
  if (arguments.command == FilesCommand::kWeights) return;
  if (arguments.images < arguments.batch) {
    throw CLI::ValidationError("--images",
                               "must not be below --batch-size, got " +
                                   std::to_string(arguments.images) + " for " +
                                   std::to_string(arguments.batch));
  }
}

}  // namespace

std::variant<FilesArguments, int> parse_files(int argc,
                                              const char* const* argv) {
  FilesArguments arguments;
  arguments.nets = models::imagenet_nets();
  FilesArguments of_boxes = arguments;
  of_boxes.command = FilesCommand::kBoxes;
  FilesArguments of_program = arguments;
  of_program.command = FilesCommand::kProgram;
  of_program.batch = kProgramBatch;
  of_program.workers = {1};
  FilesArguments of_weights = arguments;
  of_weights.command = FilesCommand::kWeights;

  CLI::App app(
      "Times what has to do with files: images on their way into training, and "
      "weights. What is compared takes turns.",
      "expandnet-bench-files");
  app.option_defaults()->always_capture_default();
  app.require_subcommand(1);

  add_loader(app, arguments);
  const auto* boxes = add_boxes(app, of_boxes);
  const auto* program = add_program(app, of_program);
  const auto* weights = add_weights(app, of_weights);
  try {
    app.parse(argc, argv);
    if (boxes->parsed()) arguments = of_boxes;
    if (program->parsed()) arguments = of_program;
    if (weights->parsed()) arguments = of_weights;
    check(arguments);
  } catch (const CLI::ParseError& error) {
    return status_after(app, error);
  }
  return arguments;
}

}  // namespace expandnet::examples::bench
