// pickle_stack.h: the stack machine that executes a pickle's instructions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "io/pytorch/pickle_describe.h"
#include "io/pytorch/pickle_input.h"
#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// Holds all values made so far, the stack, and the memo, in which a pickle
/// stores values that it uses again. Values below the last mark on the stack
/// are not accessible. Errors name the current instruction of `input`.
class PickleStack {
 public:
  explicit PickleStack(const PickleInput& input) : input_(input) {}

  /// Makes a value and pushes it.
  void push(PickleValue value);
  [[nodiscard]] PickleIndex top() const;
  PickleIndex pop();
  /// Pushes the top value again.
  void duplicate();

  void mark();
  /// Removes the mark if it is on top, else the top value.
  void drop();
  /// Removes the last mark and returns the values above it, in order.
  std::vector<PickleIndex> pop_to_mark();

  /// Stores the top value in the memo: under `number`, or the next free number.
  void put(std::uint64_t number);
  void memoize() { put(memo_.size()); }
  /// Pushes the value that the memo stores under `number`.
  void get(std::uint64_t number);

  /// Returns the value, null if it has another type; valid until the next
  /// `push`.
  template <typename T>
  [[nodiscard]] T* as(PickleIndex index) {
    return std::get_if<T>(&pickle_.values[index]);
  }
  [[nodiscard]] std::string describe(PickleIndex index) const {
    return expandnet::describe(pickle_, index);
  }

  /// Ends the program and returns all values; the only one on the stack is the
  /// root.
  [[nodiscard]] Pickle finish();

 private:
  const PickleInput& input_;
  Pickle pickle_;
  std::vector<PickleIndex> stack_;
  std::vector<std::size_t> marks_;  ///< sizes of the stack at the marks
  std::vector<PickleIndex> memo_;
};

}  // namespace expandnet
