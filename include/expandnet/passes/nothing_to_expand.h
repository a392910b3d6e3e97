// nothing_to_expand.h: the error of a model without a layer to expand.
#pragma once

#include <c10/util/Exception.h>
#include <expandnet/base/export.h>

#include <string>
#include <utility>
#include <vector>

namespace expandnet {

/// What `expand` throws where no layer is left to be expanded.
class EXPANDNET_API NothingToExpand : public c10::Error {
 public:
  NothingToExpand(std::string message, std::vector<std::string> notes)
      : Error({"expand", __FILE__, __LINE__}, std::move(message)),
        notes_(std::move(notes)) {}

  /// Why layers that were chosen stay compact, a line for each; none where the
  /// selector chose none.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::vector<std::string> notes_;
};

}  // namespace expandnet
