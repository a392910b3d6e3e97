// pickle_value.h: the values that a pickle describes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace expandnet {

/// The number of a value in its Pickle. Values refer to each other by it, so
/// those that contain themselves, as Python's may, need no care.
using PickleIndex = std::uint32_t;

struct PickleNone {};
/// UTF-8 by the rules of pickle, which nobody checks here.
struct PickleText {
  std::string_view text;
};
struct PickleBytes {
  std::string_view bytes;
};
/// An int beyond 64 bits: kept by its size alone.
struct PickleLargeInt {
  std::size_t bytes;
};
struct PickleTuple {
  std::vector<PickleIndex> items;
};
/// A list, or a set.
struct PickleList {
  std::vector<PickleIndex> items;
};
/// A dictionary in its order, as written: a key may come twice.
struct PickleDict {
  std::vector<std::pair<PickleIndex, PickleIndex>> items;
};
/// A function or class by name, such as `torch` and `FloatStorage`.
struct PickleGlobal {
  std::string_view module;
  std::string_view name;
};
/// What `callable(*arguments)` would return, had anybody called it.
struct PickleCall {
  PickleIndex callable;
  PickleIndex arguments;
  bool altered = false;  ///< by a state, items or keywords
  /// The state that the object is given, as Python's __setstate__ takes it.
  std::optional<PickleIndex> state = {};
  /// All else that it is given: its keywords, or a tuple of items, former
  /// states and what stood here before.
  std::optional<PickleIndex> others = {};
};
/// What lies outside of the pickle, under this name (a tuple in PyTorch).
struct PicklePersistent {
  PickleIndex id;
};

using PickleValue =
    std::variant<PickleNone, bool, std::int64_t, double, PickleText,
                 PickleBytes, PickleLargeInt, PickleTuple, PickleList,
                 PickleDict, PickleGlobal, PickleCall, PicklePersistent>;

/// All values of a pickle; texts are views into its bytes.
struct Pickle {
  std::vector<PickleValue> values;
  PickleIndex root = 0;  ///< the value that was pickled

  /// The value as a `T`, null if it is of another kind.
  template <typename T>
  [[nodiscard]] const T* get(PickleIndex index) const {
    return std::get_if<T>(&values[index]);
  }
};

}  // namespace expandnet
