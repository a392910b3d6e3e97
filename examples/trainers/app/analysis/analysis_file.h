// analysis_file.h: what an analysis has found of a run so far.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace expandnet::examples {

/// A file of JSON that goes on where it was left.
class AnalysisFile {
 public:
  /// Reads the file, or begins one with `head`, which says what is analyzed and
  /// how. Throws `c10::Error` for a file that is damaged or has another head.
  AnalysisFile(std::string path, nlohmann::ordered_json head);

  /// Whether a part is there already.
  [[nodiscard]] bool has(const std::string& part) const {
    return content_.contains(part);
  }
  [[nodiscard]] const nlohmann::ordered_json& content() const {
    return content_;
  }
  /// Sets a part, and writes the file.
  void keep(const std::string& part, nlohmann::ordered_json value);

 private:
  std::string path_;
  nlohmann::ordered_json content_;
};

}  // namespace expandnet::examples
