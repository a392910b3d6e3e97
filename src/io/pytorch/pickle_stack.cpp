#include "io/pytorch/pickle_stack.h"

#include <limits>
#include <string>
#include <utility>

namespace expandnet {

namespace {

// 40 bytes each; a checkpoint of a thousand tensors has some ten thousand.
constexpr std::size_t kMaxPickleValues = 1U << 24U;
constexpr PickleIndex kNoPickleValue = std::numeric_limits<PickleIndex>::max();

}  // namespace

void PickleStack::push(PickleValue value) {
  if (pickle_.values.size() == kMaxPickleValues) {
    input_.complain(
        "a pickle may have " + std::to_string(kMaxPickleValues) + " values",
        "more", "save fewer objects beside the weights");
  }
  stack_.push_back(static_cast<PickleIndex>(pickle_.values.size()));
  pickle_.values.push_back(std::move(value));
}

PickleIndex PickleStack::top() const {
  if (stack_.size() == (marks_.empty() ? 0 : marks_.back())) {
    input_.complain("an instruction must find its values on the stack",
                    "too few");
  }
  return stack_.back();
}

PickleIndex PickleStack::pop() {
  const auto index = top();
  stack_.pop_back();
  return index;
}

void PickleStack::duplicate() { stack_.push_back(top()); }

void PickleStack::mark() { marks_.push_back(stack_.size()); }

void PickleStack::drop() {
  if (!marks_.empty() && marks_.back() == stack_.size()) {
    marks_.pop_back();
  } else {
    pop();
  }
}

std::vector<PickleIndex> PickleStack::pop_to_mark() {
  if (marks_.empty()) {
    input_.complain("an instruction must find its mark on the stack", "none");
  }
  const auto begin =
      stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleIndex> items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

void PickleStack::put(std::uint64_t number) {
  // Writers count up; so the memo stays smaller than the pickle.
  if (number >= input_.taken()) {
    input_.complain(
        "a number in the memo must be below " + std::to_string(input_.taken()),
        std::to_string(number));
  }
  const auto index = top();
  if (number >= memo_.size()) memo_.resize(number + 1, kNoPickleValue);
  memo_[number] = index;
}

void PickleStack::get(std::uint64_t number) {
  if (number >= memo_.size() || memo_[number] == kNoPickleValue) {
    input_.complain("the memo must keep what is asked of it",
                    "nothing at " + std::to_string(number));
  }
  stack_.push_back(memo_[number]);
}

Pickle PickleStack::finish() {
  pickle_.root = pop();
  if (!stack_.empty() || !marks_.empty()) {
    input_.complain("a pickle must end with its only value", "more");
  }
  return std::move(pickle_);
}

}  // namespace expandnet
