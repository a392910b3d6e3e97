// annotated_flags.h: the flags that trainers on annotated images share.
#pragma once

#include <expandnet/data/images/image.h>
#include <expandnet/data/loading/on_bad_image.h>
#include <expandnet/data/sets/annotation_options.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "command_line/checks.h"
#include "trainers/annotated/sets.h"
#include "trainers/app/runs/machine.h"
#include "trainers/app/settings/configuration.h"
#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// Which images there are, and how they are read.
struct AnnotatedFlags {
  ListChoice lists;
  SetApart apart;
  data::Faults faults = data::Faults::kStop;
  std::int64_t workers = 0;  ///< threads that read images; 0: the cores

  [[nodiscard]] data::OnBadImage on_bad_image() const {
    return faults == data::Faults::kSkip ? data::OnBadImage::kSkip
                                         : data::OnBadImage::kStop;
  }
  [[nodiscard]] int reading_threads() const;
};

/// The flags that only training has: --train-lists, --val-lists, --val-images
/// and --split-seed. `usual` says what is trained on by default.
void add_training_lists(CLI::App& app, AnnotatedFlags& flags,
                        const std::string& usual);
/// --test-lists and --workers, of evaluations as well. `usual` says what is
/// tested on by default.
void add_test_lists(CLI::App& app, AnnotatedFlags& flags,
                    const std::string& usual);
/// `what` is what stops: "the run".
void add_faults(CLI::App& app, data::Faults& faults, const std::string& what);

/// --flip, --hue, --saturation and --exposure of a transform that has them.
template <typename Transform>
void add_color_flags(CLI::App& app, Transform& transform) {
  app.add_option("--flip", transform.flip, "mirror training images");
  add_number(app, "--hue", transform.hue, "change of hue, in turns")
      ->check(from_to(0, 1));
  add_number(app, "--saturation", transform.saturation,
             "largest change of saturation, a factor")
      ->check(positive());
  add_number(app, "--exposure", transform.exposure,
             "largest change of brightness, a factor")
      ->check(positive());
}

/// These throw `CLI::ValidationError` for what no single flag can say.
void check_colors(double hue, double saturation, double exposure);
/// For nets that have no expanded modules: only weight space, and no twin.
void check_weight_space(const Settings& settings);
/// --sync-bn is of nets that have a BatchNorm.
void check_sync_batch_norm(const Settings& settings, bool batch_norm);

/// How many images a BatchNorm computes its statistics of.
[[nodiscard]] std::int64_t normalized_images(const Settings& settings,
                                             const Machine& machine);
/// Throws `c10::Error` where a BatchNorm would have a single value: of one
/// image whose smallest feature map is 1x1. `side` is the flag of the images' size.
void check_values_to_normalize(std::int64_t images, data::ImageSize smallest,
                               const std::string& side);

}  // namespace expandnet::examples
