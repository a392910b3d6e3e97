// sets.h: images to train on, validate and test, of sets that lists name.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "trainers/annotated/lists.h"
#include "trainers/annotated/place_on_disk.h"
#include "trainers/app/runs/kept_images.h"

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

[[nodiscard]] std::string skipped_in_words(const std::string& rule,
                                           std::int64_t count,
                                           const std::string& first);

/// Annotations, and the places of those images that are meant.
template <typename Set>
struct PartOf {
  std::shared_ptr<const Set> set;
  std::vector<std::int64_t> places;

  [[nodiscard]] std::int64_t size() const {
    return static_cast<std::int64_t>(places.size());
  }
};

/// Throws `c10::Error`, by the flag of the set, for a path that is there twice.
void check_listed_once(const std::vector<std::string>& paths,
                       const std::string& set);

/// Moves the images of `from` into `to`, and adds what was skipped. The classes
/// stay.
template <typename Set>
void append_images(Set& to, Set&& from) {
  std::move(from.images.begin(), from.images.end(),
            std::back_inserter(to.images));
  for (const auto& [rule, count] : from.skipped) to.skipped[rule] += count;
  to.first_skipped.insert(from.first_skipped.begin(), from.first_skipped.end());
}

/// How many images the two have in common, however their paths are spelled.
template <typename Set>
[[nodiscard]] std::int64_t shared_images(const PartOf<Set>& a,
                                         const PartOf<Set>& b) {
  const auto path = [](const PartOf<Set>& part, std::int64_t place) {
    return place_on_disk(
        part.set->images[static_cast<std::size_t>(place)].path);
  };
  std::set<std::string> paths;
  for (const auto place : a.places) paths.insert(path(a, place));
  return std::count_if(b.places.begin(), b.places.end(), [&](auto place) {
    return paths.count(path(b, place)) != 0;
  });
}

/// Calls `read` for each image of a small set, of up to 33 million pixels: what
/// only pixels show is found before the training, not after it.
template <typename Set, typename Read>
void read_if_small(const PartOf<Set>& part, const Read& read) {
  constexpr std::int64_t kMostPixels = std::int64_t{1} << 25U;
  std::int64_t pixels = 0;
  for (const auto place : part.places) {
    const auto& size = part.set->images[static_cast<std::size_t>(place)].size;
    pixels += size.height * size.width;
  }
  if (pixels > kMostPixels) return;
  for (const auto place : part.places) {
    read(part.set->images[static_cast<std::size_t>(place)]);
  }
}

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
  [[nodiscard]] const SetApart& apart() const { return apart_; }

  /// What the lists hold. Nothing where there is no list.
  [[nodiscard]] Set read(const Lists& lists) const {
    return lists.empty() ? Set() : read_(lists);
  }
  /// Makes it what has been read of the set's lists. Where none are to
  /// validate on, those images of the training set come from it.
  /// Throws `c10::Error` where lists name an image twice.
  void take(const std::string& name, Set set) {
    check_listed_once(paths_in(set), name);
    auto part = whole(std::move(set));
    if (name == "training" && lists_.validation.empty()) {
      const auto split = split_places(part.size(), apart_);
      validation_ = {part.set, split.apart};
      part.places = split.left;
    }
    of(name) = std::move(part);
  }
  /// The set for the evaluation of a run. Throws `c10::Error` where others were
  /// set apart than those of the run in the folder, which trained on some then.
  [[nodiscard]] const PartOf<Set>& of_run(const std::string& name,
                                          const std::string& run,
                                          const std::string& data) {
    const auto& part = at(name);
    const bool is_drawn =
        name != "test" && lists_.validation.empty() && apart_.images > 0;
    if (!run.empty() && is_drawn) {
      check_images_of_run(run, name, line_of(name), data);
    }
    return part;
  }
  /// The images of all sets, as a run keeps them.
  [[nodiscard]] KeptFile kept() {
    return kept_images(
        {line_of("training"), line_of("validation"), line_of("test")});
  }
  [[nodiscard]] const PartOf<Set>& at(const std::string& name) {
    if (name == "validation" && lists_.validation.empty()) {
      static_cast<void>(at("training"));  // they come from it
    }
    if (!of(name)) take(name, read(lists_of(name)));
    return *of(name);
  }

 private:
  [[nodiscard]] std::string line_of(const std::string& name) {
    std::vector<std::string> names;
    const auto& part = at(name);
    for (const auto place : part.places) {
      names.push_back(part.set->images[static_cast<std::size_t>(place)].name);
    }
    return images_line(name, names);
  }
  static std::vector<std::string> paths_in(const Set& set) {
    std::vector<std::string> paths;
    for (const auto& image : set.images) paths.push_back(image.path);
    return paths;
  }
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

/// "note: --val-images 2 sets none apart: val is there to validate on"
void add_not_apart(const ListChoice& lists, const SetApart& apart,
                   std::vector<std::string>& notes);

/// A line for each rule by which something was skipped: "note: skipped 2 times:
/// an image must have its mask, first "images/3.jpg"". Lines that are in
/// `notes` are not added again.
template <typename Set>
void add_skipped(const Set& set, std::vector<std::string>& notes) {
  for (const auto& [rule, count] : set.skipped) {
    const auto note = skipped_in_words(rule, count, set.first_skipped.at(rule));
    if (std::find(notes.begin(), notes.end(), note) == notes.end()) {
      notes.push_back(note);
    }
  }
}
/// "note: 2 of the test images are trained on, too", and nothing for none.
void add_shared(std::int64_t shared, const std::string& set,
                std::vector<std::string>& notes);
/// What a new run has to know of its sets: images that are trained on and judge
/// what is trained, and images that are not set apart because a list is there.
template <typename Set>
void add_notes_on(ListedSets<Set>& sets, std::vector<std::string>& notes) {
  for (const auto* judges : {"validation", "test"}) {
    add_shared(shared_images(sets.at("training"), sets.at(judges)), judges,
               notes);
  }
  add_not_apart(sets.lists(), sets.apart(), notes);
}

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
