// expandnet-scenes: images of several objects, with their boxes and masks, in
// the layout of PASCAL VOC.
//
//     expandnet-scenes --data examples/data scenes
//
// composes 1,700 scenes of Fashion-MNIST's objects in 14 seconds: the same to
// the pixel for a seed.
#include <expandnet/version.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "command_line/checks.h"
#include "command_line/command_line.h"
#include "command_line/status.h"
#include "tools/scenes/voc_writer.h"

using namespace expandnet::examples;

int main(int argc, char** argv) try {
  CLI::App app(
      "Composes scenes of Fashion-MNIST's objects, several an image, with "
      "boxes "
      "and masks in the layout of PASCAL VOC.",
      "expandnet-scenes");
  app.set_version_flag("--version", "expandnet " EXPANDNET_VERSION);
  app.option_defaults()->always_capture_default();
  std::string out;
  std::string data = "examples/data";
  SceneCounts counts;
  SceneOptions options;
  app.add_option("out", out, "The folder to write")->required();
  app.add_option("--data", data, "The folder of Fashion-MNIST's IDX files");
  const auto count = from_to(0, 1'000'000);
  app.add_option("--train", counts.train, "Scenes for training")->check(count);
  app.add_option("--val", counts.val, "Scenes for validation")->check(count);
  app.add_option("--test", counts.test, "Scenes for the test")->check(count);
  app.add_option("--size", options.size, "Pixels of a side")
      ->check(from_to(32, 4096));
  app.add_option("--objects", options.objects, "The most in a scene")
      ->check(from_to(1, 100));
  app.add_option("--seed", options.seed, "Decides all that is random");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return status_after(app, error);
  }
  write_scenes(out, load_pictures(data, /*training=*/true),
               load_pictures(data, /*training=*/false), counts, options);
  std::cout << counts.train + counts.val + counts.test << " scenes in " << out
            << "\n";
  return 0;
} catch (...) {
  return failure_status();
}
