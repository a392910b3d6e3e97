#include "io/shards.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "io/shard_index.h"

namespace expandnet {

namespace {

using Path = std::filesystem::path;

constexpr const char* kIndexEnding = ".index.json";
constexpr const char* kReadWhole = "weights must be read whole";
constexpr const char* kAgain = "fetch the files again";

/// Whether JSON of the usual writers has the name as it is.
bool is_plain(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char letter) {
    return letter >= ' ' && letter <= '~' && letter != '"' && letter != '\\';
  });
}

std::set<std::string> names_of_files(const FileOfTensor& files) {
  std::set<std::string> names;
  for (const auto& item : files) names.insert(item.second);
  return names;
}

/// Whether the file is an index of others, and of that one.
bool lists(const std::string& index, const std::string& name) {
  const MappedFile file(index);
  const auto bytes = file.bytes();
  // To parse every index of a folder would take long.
  if (is_plain(name) && bytes.find(name) == std::string_view::npos) {
    return false;
  }
  const auto names =
      names_of_files(parse_shard_index(in_quotes(index), bytes).files);
  return names.size() > 1 && names.count(name) != 0;
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
      if (lists(other, path.filename().string())) {
        return entry.path().filename().string();
      }
    } catch (const std::runtime_error&) {
      continue;  // it may be of other files
    }
  }
  return "";
}

/// "model-00001-of-00003.safetensors" -> "model.safetensors.index.json"; "" for
/// a name that is no shard's. Browsers write "model-00001-of-00003 (1).bin".
std::string index_by_name(const std::string& name) {
  static const std::regex shard(
      R"((.+)-[0-9]+-of-0*([1-9][0-9]*)(?:[^0-9].*)?(\.[^.]+))");
  std::smatch match;
  if (!std::regex_match(name, match, shard) || match[2] == "1") return "";
  return match[1].str() + match[3].str() + kIndexEnding;
}

/// Where files are numbered as "own-00001.safetensors", those of the numbers
/// before and after.
std::vector<Path> neighbours_of(const Path& path) {
  static const std::regex numbered(R"((.+-)([0-9]{4,9})(\.[^.]+))");
  std::smatch match;
  const auto name = path.filename().string();
  if (!std::regex_match(name, match, numbered)) return {};
  const auto digits = match[2].str();
  const auto number = std::stoll(digits);
  std::vector<Path> files;
  for (const auto other : {number - 1, number + 1}) {
    auto text = std::to_string(other);
    if (other < 0 || text.size() > digits.size()) continue;
    text.insert(0, digits.size() - text.size(), '0');
    auto file = path.parent_path() / (match[1].str() + text + match[3].str());
    std::error_code ignored;
    if (std::filesystem::is_regular_file(file, ignored)) {
      files.push_back(std::move(file));
    }
  }
  return files;
}

/// Whether they have no name of a tensor in common.
bool are_disjoint(const Weights& first, const Weights& second) {
  std::set<std::string_view> names;
  for (const auto& item : first.tensors) names.insert(item.first);
  return std::none_of(
      second.tensors.begin(), second.tensors.end(),
      [&](const auto& item) { return names.count(item.first) != 0; });
}

}  // namespace

bool is_shard_index(const std::string& path) {
  static const std::regex ending(R"(\.index(\.[^./]+)?\.json$)");
  return std::regex_search(path, ending);
}

Weights read_shards(
    const std::string& index,
    const std::function<Weights(const std::string& path)>& read) {
  const auto where = in_quotes(index);
  auto [files, metadata] = parse_shard_index(where, MappedFile(index).bytes());
  Weights weights;
  weights.metadata = std::move(metadata);
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
  throw_file_error(in_quotes(path), kReadWhole, "one shard of several",
                   "give the index: " + index);
}

void refuse_numbered_part(
    const std::string& path, const Weights& weights,
    const std::function<Weights(const std::string& path)>& read) {
  for (const auto& file : neighbours_of(path)) {
    Weights others;
    try {
      others = read(file.string());
    } catch (const std::exception&) {  // of a parser, or of LibTorch
      continue;                        // no file of weights
    }
    if (others.tensors.empty() || !are_disjoint(weights, others)) continue;
    throw_file_error(in_quotes(path), kReadWhole,
                     "one of several parts, as " +
                         quoted_name(file.filename().string()) +
                         " has other tensors",
                     "give an index of them, or give a whole file a name "
                     "without a number");
  }
}

}  // namespace expandnet
