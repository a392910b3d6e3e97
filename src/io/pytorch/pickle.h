// pickle.h: what a Python pickle describes, none of it executed.
//
// A pickle is a program: it names functions of Python ("globals") and calls
// them. Here a name stays a name, and a call stays a note of what would be
// called with what: an opaque value, never executed. There is no way from a
// pickle to any other code. The one exception is collections.OrderedDict, whose
// objects are dictionaries here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
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
  bool altered = false;  ///< by a state, items or keywords, which are dropped
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

/// Reads a pickle of protocol 2 to 5. What a dictionary, list or OrderedDict is
/// given later is in it; the state of an OrderedDict is dropped.
///
/// Throws `std::runtime_error`, with `where` and the offset in bytes, at the
/// first instruction that is unknown, cut off, or finds the wrong things on the
/// stack, and when there are bytes left at the end. Takes time linear in the
/// bytes, and memory: at most some 150 bytes for each. Never recurses.
[[nodiscard]] Pickle read_pickle(const std::string& where,
                                 std::string_view bytes);

/// For messages: "torch.FloatStorage", cut off where it is very long.
[[nodiscard]] std::string global_name(const PickleGlobal& global);

/// For messages: "None", "a list of 3", "a call of os.system".
[[nodiscard]] std::string describe(const Pickle& pickle, PickleIndex index);

}  // namespace expandnet
