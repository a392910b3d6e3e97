// sets.h: images to train on, validate and test, of sets that lists name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "trainers/annotated/lists.h"

namespace expandnet::examples {

/// Training images that are set apart to validate on where no list is.
struct SetApart {
  std::int64_t images = 0;
  std::uint64_t seed = 0;
};

/// Which of `count` training images are set apart, and which are left; both
/// sorted. Throws `c10::Error` unless some are left.
struct SplitPlaces {
  std::vector<std::int64_t> apart;
  std::vector<std::int64_t> left;
};
[[nodiscard]] SplitPlaces split_places(std::int64_t count,
                                       const SetApart& apart);

/// Annotations, and the places of those images that are meant.
template <typename Set>
struct PartOf {
  std::shared_ptr<const Set> set;
  std::vector<std::int64_t> places;

  [[nodiscard]] std::int64_t size() const {
    return static_cast<std::int64_t>(places.size());
  }
};

/// The sets "training", "validation" and "test". `Set` has a vector `images`.
/// Each is read when it is asked for, once.
template <typename Set>
class ListedSets {
 public:
  using Read = std::function<Set(const Lists& lists)>;

  /// `read` is asked for lists that are at least one.
  ListedSets(ListChoice lists, const SetApart& apart, Read read)
      : lists_(std::move(lists)), apart_(apart), read_(std::move(read)) {}

  [[nodiscard]] const ListChoice& lists() const { return lists_; }

  /// What the lists hold. Nothing where there is no list.
  [[nodiscard]] Set read(const Lists& lists) const {
    return lists.empty() ? Set() : read_(lists);
  }
  /// Makes it what has been read of the set's lists. Where none are to
  /// validate on, those images of the training set come from it.
  void take(const std::string& name, Set set) {
    auto part = whole(std::move(set));
    if (name == "training" && lists_.validation.empty()) {
      const auto split = split_places(part.size(), apart_);
      validation_ = {part.set, split.apart};
      part.places = split.left;
    }
    of(name) = std::move(part);
  }
  [[nodiscard]] const PartOf<Set>& at(const std::string& name) {
    if (name == "validation" && lists_.validation.empty()) {
      static_cast<void>(at("training"));  // they come from it
    }
    if (!of(name)) take(name, read(lists_of(name)));
    return *of(name);
  }

 private:
  static PartOf<Set> whole(Set set) {
    PartOf<Set> part;
    part.places.resize(set.images.size());
    std::iota(part.places.begin(), part.places.end(), std::int64_t{0});
    part.set = std::make_shared<const Set>(std::move(set));
    return part;
  }
  std::optional<PartOf<Set>>& of(const std::string& name) {
    if (name == "test") return test_;
    return name == "training" ? training_ : validation_;
  }
  [[nodiscard]] const Lists& lists_of(const std::string& name) const {
    if (name == "test") return lists_.test;
    return name == "training" ? lists_.training : lists_.validation;
  }

  ListChoice lists_;
  SetApart apart_;
  Read read_;
  std::optional<PartOf<Set>> training_, validation_, test_;
};

/// What a new run needs of its sets.
struct NeededImages {
  std::string folder;
  std::int64_t batch_size = 1;
  bool validation = false;  ///< something is chosen by the validation set
};
/// Throws `c10::Error` that says which flag to change.
void check_images(const NeededImages& needed, std::int64_t training,
                  std::int64_t validation);

/// "3 training, 1 validation and 2 test images of 6 classes"
[[nodiscard]] std::string sets_in_words(std::int64_t training,
                                        std::int64_t validation,
                                        std::int64_t test,
                                        std::int64_t classes);

/// "note: skipped 2 times: an image must have its mask"
[[nodiscard]] std::string skipped_in_words(const std::string& rule,
                                           std::int64_t count);

/// Every `ranks`-th place, from `rank` on. Throws `c10::Error`, by the names of
/// the program and the set, for a rank without images.
[[nodiscard]] std::vector<std::int64_t> share_of_rank(
    const std::vector<std::int64_t>& places, std::int64_t rank,
    std::int64_t ranks, const std::string& program, const std::string& set);

/// The options of batches to train on, for a rank's share of a set to evaluate.
/// The transform stays.
template <typename BatchOptions>
[[nodiscard]] BatchOptions evaluation_options(
    BatchOptions options, const std::vector<std::int64_t>& places,
    const std::string& program, const std::string& set) {
  options.images =
      share_of_rank(places, options.rank, options.ranks, program, set);
  options.batch_size /= options.ranks;
  options.drop_last = false;
  options.rank = 0;
  options.ranks = 1;
  return options;
}

}  // namespace expandnet::examples
