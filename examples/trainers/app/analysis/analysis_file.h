// analysis_file.h: stores the results of analyzing a run.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace expandnet::examples {

/// A JSON file that is extended part by part; an interrupted analysis continues
/// it.
class AnalysisFile {
 public:
  /// Reads the file, or starts a new one with `head`, which states what is
  /// analyzed and how. Throws `c10::Error` for a file that is damaged or has
  /// another head.
  AnalysisFile(std::string path, nlohmann::ordered_json head);

  /// Whether the file has this part.
  [[nodiscard]] bool has(const std::string& part) const {
    return content_.contains(part);
  }
  [[nodiscard]] const nlohmann::ordered_json& content() const {
    return content_;
  }
  /// Sets a part and writes the file.
  void keep(const std::string& part, nlohmann::ordered_json value);

 private:
  std::string path_;
  nlohmann::ordered_json content_;
};

}  // namespace expandnet::examples
