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

/// Index of a value in its Pickle. Values refer to each other by index, so that
/// values that contain themselves, which Python allows, need no special
/// handling.
using PickleIndex = std::uint32_t;

struct PickleNone {};
/// UTF-8 in pickle's variant; not validated here.
struct PickleText {
  std::string_view text;
};
struct PickleBytes {
  std::string_view bytes;
};
/// An int beyond 64 bits; only its size is kept.
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
/// A dictionary in the order of the file; a key may occur twice.
struct PickleDict {
  std::vector<std::pair<PickleIndex, PickleIndex>> items;
};
/// A function or class by name, such as `torch` and `FloatStorage`.
struct PickleGlobal {
  std::string_view module;
  std::string_view name;
};
/// A call `callable(*arguments)` that is recorded, not executed.
struct PickleCall {
  PickleIndex callable;
  PickleIndex arguments;
  bool altered = false;  ///< by a state, items or keywords
  /// The state of the object, the argument of Python's __setstate__.
  std::optional<PickleIndex> state = {};
  /// Everything else that the object is given: keywords, or a tuple of items,
  /// former states and the former content of this member.
  std::optional<PickleIndex> others = {};
};
/// A reference to data outside of the pickle by their id (a tuple in PyTorch).
struct PicklePersistent {
  PickleIndex id;
};

using PickleValue =
    std::variant<PickleNone, bool, std::int64_t, double, PickleText,
                 PickleBytes, PickleLargeInt, PickleTuple, PickleList,
                 PickleDict, PickleGlobal, PickleCall, PicklePersistent>;

/// All values of a pickle; texts are views of its bytes.
struct Pickle {
  std::vector<PickleValue> values;
  PickleIndex root = 0;  ///< index of the value that was pickled

  /// Returns the value as a `T`, null if it has another type.
  template <typename T>
  [[nodiscard]] const T* get(PickleIndex index) const {
    return std::get_if<T>(&values[index]);
  }
};

}  // namespace expandnet
