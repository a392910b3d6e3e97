#include "io/shards.h"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/text.h"

namespace expandnet {

namespace {

using Path = std::filesystem::path;
using Json = nlohmann::json;

constexpr std::string_view kIndexEnding = ".index.json";
constexpr const char* kAgain = "fetch the files again";

bool ends_with(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() &&
         text.substr(text.size() - ending.size()) == ending;
}

/// The file of each tensor.
using FileOfTensor = std::map<std::string, std::string>;

Json parsed(const std::string& where, std::string_view bytes) {
  std::set<std::string> names;  // of the object that is read
  const auto check_key = [&](int depth, Json::parse_event_t event,
                             Json& value) {
    if (event != Json::parse_event_t::key) return true;
    if (depth == 1) names.clear();
    if (depth == 2 && !names.insert(value.get<std::string>()).second) {
      throw_file_error(where, "a name may stand once in an index",
                       quoted_name(value.get<std::string>()) + " again",
                       kAgain);
    }
    return true;
  };
  try {
    return Json::parse(bytes.begin(), bytes.end(), check_key);
  } catch (const Json::parse_error& error) {
    throw_file_error(where, "an index must be JSON in UTF-8",
                     "a mistake at byte " + std::to_string(error.byte), kAgain);
  }
}

bool is_file_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of("/\\") == std::string::npos;
}

FileOfTensor read_index(const std::string& path) {
  const auto where = in_quotes(path);
  const MappedFile file(path);
  const auto index = parsed(where, file.bytes());
  const auto found = index.is_object() ? index.find("weight_map") : index.end();
  if (found == index.end() || !found->is_object()) {
    throw_file_error(where, "an index must hold the object weight_map", "none",
                     kAgain);
  }
  FileOfTensor files;
  for (const auto& [name, value] : found->items()) {
    const auto* text = value.get_ptr<const std::string*>();
    if (text == nullptr || !is_file_name(*text)) {
      throw_file_error(
          where, "weight_map must give a file beside the index",
          (text == nullptr ? "another value" : quoted_name(*text)) + " for " +
              quoted_name(name),
          kAgain);
    }
    files.emplace(name, *text);
  }
  return files;
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
