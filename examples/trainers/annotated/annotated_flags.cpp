#include "trainers/annotated/annotated_flags.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "command_line/named_flag.h"

namespace expandnet::examples {

namespace {

constexpr Named<data::Faults> kFaults[] = {{data::Faults::kStop, "stop"},
                                           {data::Faults::kSkip, "skip"}};

/// Names of lists, at least one.
CLI::Option* add_lists(CLI::App& app, const std::string& flag, Lists& lists,
                       const std::string& description) {
  return app.add_option(flag, lists, description)
      ->expected(1, -1)
      ->check(CLI::Validator(
          [](const std::string& name) -> std::string {
            // One that is forgotten leaves nothing, or the next flag.
            const bool is_name = !name.empty() && name.front() != '-';
            return is_name ? "" : "must name a list, got " + in_quotes(name);
          },
          ""));
}

}  // namespace

int AnnotatedFlags::reading_threads() const {
  return static_cast<int>(workers > 0 ? workers : cores_per_rank());
}

void add_training_lists(CLI::App& app, AnnotatedFlags& flags,
                        const std::string& usual) {
  add_lists(app, "--train-lists", flags.lists.training,
            "names of the lists to train on, " + usual);
  add_lists(app, "--val-lists", flags.lists.validation,
            "to validate on; by default val, where there is one");
  app.add_option("--val-images", flags.apart.images,
                 "training images set apart to validate on, where --val-lists "
                 "has none")
      ->check(not_negative());
  app.add_option("--split-seed", flags.apart.seed,
                 "which images these are; the same for all runs");
}

void add_test_lists(CLI::App& app, AnnotatedFlags& flags,
                    const std::string& usual) {
  add_lists(app, "--test-lists", flags.lists.test, "to test on; " + usual);
  app.add_option("--workers", flags.workers,
                 "threads that read images; 0: as many as there are cores")
      ->check(from_to(0, kMostThreads));
}

void add_faults(CLI::App& app, data::Faults& faults, const std::string& what) {
  add_named(app, "--faults", faults, kFaults,
            "an annotation or an image that is damaged stops " + what +
                ", or is left out");
}

void check_colors(double hue, double saturation, double exposure) {
  if (hue > 0.5) {
    throw CLI::ValidationError("--hue",
                               fmt::format("must be at most 0.5, got {}", hue));
  }
  for (const auto& [flag, factor] : {std::pair{"--saturation", saturation},
                                     std::pair{"--exposure", exposure}}) {
    if (factor >= 1) continue;
    throw CLI::ValidationError(
        flag, fmt::format("must be at least 1, got {}", factor));
  }
}

void check_weight_space(const Settings& settings) {
  if (settings.execution != ExecutionChoice::kWeightSpace) {
    throw CLI::ValidationError("--execution",
                               "must be weight-space for this net, got " +
                                   name_in(kExecutions, settings.execution) +
                                   "; expanded modules are written into a net");
  }
  if (settings.init.twin) {
    throw CLI::ValidationError(
        "--init",
        "must not be twin for this net; expanded modules, which a twin is made "
        "of, are written into a net");
  }
}

void check_values_to_normalize(std::int64_t images, data::ImageSize smallest,
                               const std::string& side) {
  TORCH_CHECK(
      images * smallest.height * smallest.width > 1,
      error_message(
          "--batch-norm",
          "must have more than one value of a channel to normalize",
          "one, of one image whose smallest feature map is 1x1",
          "give a larger " + side + " or --batch-size, or --batch-norm false"));
}

std::int64_t normalized_images(const Settings& settings,
                               const Machine& machine) {
  return settings.sync_batch_norm ? settings.batch_size
                                  : settings.batch_size / machine.size();
}

void check_sync_batch_norm(const Settings& settings, bool batch_norm) {
  if (!settings.sync_batch_norm || batch_norm) return;
  throw CLI::ValidationError("--sync-bn", "needs --batch-norm true, got false");
}

}  // namespace expandnet::examples
