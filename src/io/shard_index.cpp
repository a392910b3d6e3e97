#include "io/shard_index.h"

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace expandnet {

namespace {

using Json = nlohmann::json;

constexpr const char* kFetchIndexAgain = "fetch the files again";

Json parsed(const std::string& where, std::string_view bytes) {
  std::set<std::string> names;  // of the object that is read
  const auto check_key = [&](int depth, Json::parse_event_t event,
                             Json& value) {
    if (event != Json::parse_event_t::key) return true;
    if (depth == 1) names.clear();
    if (depth == 2 && !names.insert(value.get<std::string>()).second) {
      throw_file_error(where, "a name may stand once in an index",
                       quoted_name(value.get<std::string>()) + " again",
                       kFetchIndexAgain);
    }
    return true;
  };
  try {
    return Json::parse(bytes.begin(), bytes.end(), check_key);
  } catch (const Json::parse_error& error) {
    throw_file_error(where, "an index must be JSON in UTF-8",
                     "a mistake at byte " + std::to_string(error.byte),
                     kFetchIndexAgain);
  } catch (const Json::exception&) {  // others of a number, by its size
    throw_file_error(where, "an index must be JSON in UTF-8",
                     "a number out of range", kFetchIndexAgain);
  }
}

std::map<std::string, std::string> texts_in(const Json& index) {
  std::map<std::string, std::string> texts;
  const auto found = index.find("metadata");
  if (found == index.end() || !found->is_object()) return texts;
  for (const auto& [name, value] : found->items()) {
    if (value.is_string()) texts.emplace(name, value.get<std::string>());
  }
  return texts;
}

bool is_file_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of("/\\") == std::string::npos;
}

}  // namespace

ShardIndex parse_shard_index(const std::string& where, std::string_view bytes) {
  const auto index = parsed(where, bytes);
  const auto found = index.is_object() ? index.find("weight_map") : index.end();
  if (found == index.end() || !found->is_object()) {
    throw_file_error(where, "an index must hold the object weight_map", "none",
                     kFetchIndexAgain);
  }
  FileOfTensor files;
  for (const auto& [name, value] : found->items()) {
    const auto* text = value.get_ptr<const std::string*>();
    if (text == nullptr || !is_file_name(*text)) {
      throw_file_error(
          where, "weight_map must give a file beside the index",
          (text == nullptr ? "another value" : quoted_name(*text)) + " for " +
              quoted_name(name),
          kFetchIndexAgain);
    }
    files.emplace(name, *text);
  }
  return {std::move(files), texts_in(index)};
}

}  // namespace expandnet
