#include "trainers/app/analysis/analysis_file.h"

#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/base/atomic_file.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/read_file.h"
#include "trainers/app/report/run_result.h"

namespace expandnet::examples {

namespace {

using Json = nlohmann::ordered_json;

Json read_analysis(const std::string& path) {
  auto content = Json::parse(read_file(path), /*callback=*/nullptr,
                             /*allow_exceptions=*/false);
  TORCH_CHECK(content.is_object(),
              error_message("--out", "the analysis of a run must be whole",
                            "\"" + path + "\"", "remove it to begin it again"));
  return content;
}

}  // namespace

AnalysisFile::AnalysisFile(std::string path, Json head)
    : path_(std::move(path)) {
  if (!std::filesystem::exists(path_)) {
    content_ = std::move(head);
    return;
  }
  content_ = read_analysis(path_);
  std::vector<std::string> other;
  for (const auto& [key, now] : head.items()) {
    const auto before = content_.value(key, Json(nullptr));
    if (before == now) continue;
    other.push_back(key + " (" + before.dump() + ", now " + now.dump() + ")");
  }
  TORCH_CHECK(other.empty(),
              error_message("--out", "an analysis goes on as it was begun",
                            "other values of " + c10::Join(", ", other) +
                                " for \"" + path_ + "\"",
                            "name another folder, or remove the file"));
}

void AnalysisFile::keep(const std::string& part, Json value) {
  content_[part] = std::move(value);
  write_file_atomically(path_, text_of(content_) + "\n");
}

}  // namespace expandnet::examples
