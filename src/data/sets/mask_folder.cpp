#include <expandnet/data/sets/mask_folder.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>

#include "base/error.h"
#include "base/text.h"
#include "data/sets/mask_pairs.h"
#include "data/sets/voc_list.h"

namespace expandnet::data {

namespace {

namespace fs = std::filesystem;

constexpr const char* kMaskFolder = "read_mask_folder";
constexpr std::size_t kMostIndices = std::size_t{1} << 16U;
constexpr const char* kDigits = "0123456789";

/// A line of a classes file.
struct ClassLine {
  std::string text;
  FileLine line;
};

std::vector<ClassLine> read_class_lines(const std::string& path) {
  errno = 0;
  std::ifstream stream(path);
  if (!stream) throw_system_error("open", path, errno);
  std::vector<ClassLine> lines;
  std::string text;
  for (std::int64_t number = 1; std::getline(stream, text); ++number) {
    while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) {
      text.pop_back();
    }
    if (!text.empty()) lines.push_back({text, {path, number}});
  }
  if (stream.bad()) throw_system_error("read", path, errno);
  if (lines.empty()) {
    throw_file_error(kMaskFolder, "a classes file must name a class",
                     "none in " + in_quotes(path), "write a class a line");
  }
  return lines;
}

/// Whether it is a number, a space and a name.
bool starts_with_index(const ClassLine& line) {
  const auto end = line.text.find_first_not_of(kDigits);
  return end != 0 && end != std::string::npos && line.text[end] == ' ';
}

/// The index that the line starts with, which is cut off.
std::size_t take_index(ClassLine& line) {
  const auto end = line.text.find(' ');
  // Nine digits fit in any integer; more are too many, anyway.
  const auto digits = line.text.substr(0, std::min<std::size_t>(end, 9));
  const auto index = static_cast<std::size_t>(std::stoul(digits));
  if (end > 9 || index >= kMostIndices) {
    throw_file_error(kMaskFolder, "an index of a class must be 0 to 65535",
                     quoted_name(line.text) + " " + line.line.text(),
                     "correct it");
  }
  line.text.erase(0, line.text.find_first_not_of(' ', end));
  return index;
}

/// Sets `classes` and `labels` by the lines of a file.
void read_classes(const std::string& path, MaskSet& set) {
  auto lines = read_class_lines(path);
  const bool by_index =
      std::all_of(lines.begin(), lines.end(), starts_with_index);
  std::map<std::string, std::int16_t> known = {{"ignored", kIgnoredLabel}};
  std::size_t next = 0;
  for (auto& line : lines) {
    const auto index = by_index ? take_index(line) : next++;
    if (known.count(line.text) == 0) {
      known[line.text] = static_cast<std::int16_t>(set.classes.size());
      set.classes.push_back(line.text);
    }
    if (set.classes.size() > kIgnoredLabel || index >= kMostIndices) {
      throw_file_error(kMaskFolder, "there must be at most 255 classes",
                       "one more " + line.line.text(), "merge some");
    }
    if (index >= set.labels.size()) set.labels.resize(index + 1, -1);
    if (set.labels[index] >= 0) {
      throw_file_error(kMaskFolder, "an index must have one class",
                       std::to_string(index) + " again " + line.line.text(),
                       "remove a line");
    }
    set.labels[index] = known[line.text];
  }
  if (set.classes.empty()) {
    throw_file_error(kMaskFolder, "a classes file must name a class",
                     "only ignored ones in " + in_quotes(path),
                     "write a class a line");
  }
  if (set.labels.size() <= kIgnoredLabel) {
    set.labels.resize(kIgnoredLabel + 1, -1);
  }
  auto& ignored = set.labels[kIgnoredLabel];
  if (ignored < 0) ignored = kIgnoredLabel;
}

/// Calls `visit(path)` for each file of a folder that is not hidden.
template <typename Visit>
void each_file(const std::string& folder, const Visit& visit) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().filename().string().front() != '.') visit(entry->path());
  }
  if (error) throw_system_error("list", folder, error.value());
}

}  // namespace

MaskSet read_mask_folder(const std::string& images, const std::string& masks,
                         const std::string& classes,
                         const MaskOptions& options) {
  MaskSet set;
  read_classes(classes, set);
  std::map<std::string, MaskPair> named;
  each_file(images, [&](const fs::path& path) {
    if (!is_image_ending(path.extension().string())) return;
    auto& image = named[path.stem().string()].image;
    if (!image.empty()) {
      throw_file_error(kMaskFolder, "images must have names of their own",
                       in_quotes(std::min(image, path.string())) + " and " +
                           in_quotes(std::max(image, path.string())),
                       "rename one");
    }
    image = path.string();
  });
  each_file(masks, [&](const fs::path& path) {
    const auto ending = path.extension().string();
    if (ending == ".png" || ending == ".PNG") {
      named[path.stem().string()].mask = path.string();
    }
  });
  std::vector<MaskPair> pairs;
  for (auto& [name, pair] : named) {
    pair.name = name;
    pair.place = in_quotes(pair.image.empty() ? pair.mask : pair.image);
    pairs.push_back(pair);
  }
  FaultCounter faults(kMaskFolder, options.faults);
  add_mask_pairs(set, pairs, options, faults);
  return set;
}

}  // namespace expandnet::data
