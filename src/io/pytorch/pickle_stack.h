// pickle_stack.h: the machine that a pickle is a program for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "io/pytorch/pickle_describe.h"
#include "io/pytorch/pickle_input.h"
#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// The values made so far, the stack of those in use, and the memo, in which a
/// pickle keeps those that it wants again. What lies below the last mark on the
/// stack is out of reach. Errors name the instruction of `input`.
class PickleStack {
 public:
  explicit PickleStack(const PickleInput& input) : input_(input) {}

  /// Makes a value, and puts it on the stack.
  void push(PickleValue value);
  [[nodiscard]] PickleIndex top() const;
  PickleIndex pop();
  /// Puts what is on top there once more.
  void duplicate();

  void mark();
  /// Removes the mark if that is on top, else what is.
  void drop();
  /// Removes the last mark; what lay above it, in order.
  std::vector<PickleIndex> pop_to_mark();

  /// Keeps what is on top in the memo: under `number`, or the next free one.
  void put(std::uint64_t number);
  void memoize() { put(memo_.size()); }
  /// Puts what the memo keeps under `number` on the stack.
  void get(std::uint64_t number);

  /// The value, null if it is none of kind `T`; the next `push` ends this.
  template <typename T>
  [[nodiscard]] T* as(PickleIndex index) {
    return std::get_if<T>(&pickle_.values[index]);
  }
  [[nodiscard]] std::string describe(PickleIndex index) const {
    return expandnet::describe(pickle_, index);
  }

  /// Ends the program: all values, with the only one on the stack as the root.
  [[nodiscard]] Pickle finish();

 private:
  const PickleInput& input_;
  Pickle pickle_;
  std::vector<PickleIndex> stack_;
  std::vector<std::size_t> marks_;  ///< the sizes that the stack had
  std::vector<PickleIndex> memo_;
};

}  // namespace expandnet
