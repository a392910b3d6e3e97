// nothing_to_expand.h: the error for a model without a layer to expand.
#pragma once

#include <c10/util/Exception.h>
#include <expandnet/base/export.h>

#include <string>
#include <utility>
#include <vector>

namespace expandnet {

/// Thrown by `expand` if there is no layer to expand.
class EXPANDNET_API NothingToExpand : public c10::Error {
 public:
  NothingToExpand(std::string message, std::vector<std::string> notes)
      : Error({"expand", __FILE__, __LINE__}, std::move(message)),
        notes_(std::move(notes)) {}

  /// One line for each layer that the selector selected but that stays compact,
  /// with the reason; empty if it selected none.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::vector<std::string> notes_;
};

}  // namespace expandnet
