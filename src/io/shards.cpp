#include "io/shards.h"

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "io/shard_index.h"

namespace expandnet {

namespace {

using Path = std::filesystem::path;

constexpr std::string_view kIndexEnding = ".index.json";
constexpr const char* kAgain = "fetch the files again";

bool ends_with(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() &&
         text.substr(text.size() - ending.size()) == ending;
}

FileOfTensor read_index(const std::string& path) {
  return parse_shard_index(in_quotes(path), MappedFile(path).bytes());
}

std::set<std::string> names_of_files(const FileOfTensor& files) {
  std::set<std::string> names;
  for (const auto& item : files) names.insert(item.second);
  return names;
}

/// The index beside the file that lists it among others; "" for none.
std::string index_that_lists(const Path& path) {
  const auto folder = path.has_parent_path() ? path.parent_path() : Path(".");
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  if (error) return "";
  for (const auto& entry : entries) {
    const auto other = entry.path().string();
    if (!is_shard_index(other)) continue;
    try {
      const auto names = names_of_files(read_index(other));
      if (names.size() > 1 && names.count(path.filename().string()) != 0) {
        return entry.path().filename().string();
      }
    } catch (const std::runtime_error&) {
      continue;  // it may be of other files
    }
  }
  return "";
}

/// "model-00001-of-00003.safetensors" -> "model.safetensors.index.json"; "" for
/// a name that is no shard's.
std::string index_by_name(const std::string& name) {
  static const std::regex shard(R"((.+)-[0-9]+-of-0*([1-9][0-9]*)(\.[^.]+))");
  std::smatch match;
  if (!std::regex_match(name, match, shard) || match[2] == "1") return "";
  return match[1].str() + match[3].str() + std::string(kIndexEnding);
}

}  // namespace

bool is_shard_index(const std::string& path) {
  return ends_with(path, kIndexEnding);
}

Weights read_shards(
    const std::string& index,
    const std::function<Weights(const std::string& path)>& read) {
  const auto where = in_quotes(index);
  const auto files = read_index(index);
  Weights weights;
  std::set<std::string> found;
  for (const auto& file : names_of_files(files)) {
    auto shard = read((Path(index).parent_path() / file).string());
    for (auto& item : shard.tensors) {
      const auto place = files.find(item.first);
      if (place == files.end() || place->second != file) {
        throw_file_error(where, "a tensor must be where weight_map says",
                         quoted_name(item.first) + " in " + quoted_name(file),
                         kAgain);
      }
      found.insert(item.first);
      weights.tensors.push_back(std::move(item));
    }
    weights.metadata.merge(shard.metadata);
    for (const auto& note : shard.notes) {
      weights.notes.push_back(quoted_name(file) + ": " + note);
    }
  }
  for (const auto& [name, file] : files) {
    if (found.count(name) != 0) continue;
    throw_file_error(where, "a tensor must be where weight_map says",
                     "no " + quoted_name(name) + " in " + quoted_name(file),
                     kAgain);
  }
  return weights;
}

void refuse_single_shard(const std::string& path) {
  const Path file(path);
  auto index = index_that_lists(file);
  if (index.empty()) index = index_by_name(file.filename().string());
  if (index.empty()) return;
  throw_file_error(in_quotes(path), "weights must be read whole",
                   "one shard of several", "give the index: " + index);
}

}  // namespace expandnet
