#include "trainers/annotated/sets.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randperm.h>
#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"

namespace expandnet::examples {

SplitPlaces split_places(std::int64_t count, const SetApart& apart) {
  TORCH_CHECK(
      apart.images < std::max<std::int64_t>(count, 1),
      error_message("--val-images",
                    fmt::format("must be below {}, the number of training "
                                "images",
                                count),
                    std::to_string(apart.images)));
  const auto drawn =
      at::randperm(count, at::make_generator<at::CPUGeneratorImpl>(apart.seed),
                   at::TensorOptions(at::kLong));
  const auto* first = drawn.const_data_ptr<std::int64_t>();
  SplitPlaces split = {{first, first + apart.images},
                       {first + apart.images, first + count}};
  std::sort(split.apart.begin(), split.apart.end());
  std::sort(split.left.begin(), split.left.end());
  return split;
}

void check_images(const NeededImages& needed, std::int64_t training,
                  std::int64_t validation) {
  TORCH_CHECK(
      training >= needed.batch_size,
      error_message("--batch-size",
                    "must not be above the number of training images",
                    fmt::format("{} for {} in \"{}\"", needed.batch_size,
                                training, needed.folder)));
  TORCH_CHECK(validation > 0 || !needed.validation,
              error_message("--select",
                            "best, and a choice of values, need images to "
                            "validate on",
                            "none in \"" + needed.folder + "\"",
                            "name --val-lists, or set some apart by "
                            "--val-images"));
}

std::string sets_in_words(std::int64_t training, std::int64_t validation,
                          std::int64_t test, std::int64_t classes) {
  return fmt::format(
      "{} training, {} validation and {} test images of {} classes", training,
      validation, test, classes);
}

std::string skipped_in_words(const std::string& rule, std::int64_t count,
                             const std::string& first) {
  return fmt::format("note: skipped {} {}: {}, first {}", count,
                     count == 1 ? "time" : "times", rule, first);
}

void add_shared(std::int64_t shared, const std::string& set,
                std::vector<std::string>& notes) {
  if (shared == 0) return;
  notes.push_back(fmt::format("note: {} of the {} images {} trained on, too",
                              shared, set, shared == 1 ? "is" : "are"));
}

void add_not_apart(const ListChoice& lists, const SetApart& apart,
                   std::vector<std::string>& notes) {
  if (apart.images == 0 || lists.validation.empty()) return;
  notes.push_back(
      fmt::format("note: --val-images {} sets none apart: {} is there to "
                  "validate on",
                  apart.images, c10::Join(", ", lists.validation)));
}

void check_listed_once(const std::vector<std::string>& paths,
                       const std::string& set) {
  const std::string flag = set == "test"         ? "--test-lists"
                           : set == "validation" ? "--val-lists"
                                                 : "--train-lists";
  std::set<std::string> seen;
  for (const auto& path : paths) {
    TORCH_CHECK(seen.insert(place_on_disk(path)).second,
                error_message(flag, "must name each image once",
                              "\"" + path + "\" again",
                              "name lists that share no image"));
  }
}

std::vector<std::int64_t> share_of_rank(const std::vector<std::int64_t>& places,
                                        std::int64_t rank, std::int64_t ranks,
                                        const std::string& program,
                                        const std::string& set) {
  std::vector<std::int64_t> share;
  const auto count = static_cast<std::int64_t>(places.size());
  for (auto i = rank; i < count; i += ranks) {
    share.push_back(places[static_cast<std::size_t>(i)]);
  }
  TORCH_CHECK(
      !share.empty(),
      error_message(program,
                    fmt::format("there must be an image to evaluate for each "
                                "of {} ranks",
                                ranks),
                    fmt::format("{} in the {} set", count, set)));
  return share;
}

}  // namespace expandnet::examples
