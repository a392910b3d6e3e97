#include "data/sets/image_list.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "data/sets/text_lines.h"

namespace expandnet::data {

namespace {

/// Kaggle's list of ImageNet: names without their ending, and classes with the
/// boxes of their objects.
constexpr const char* kKaggleHeader = "ImageId,PredictionString";
constexpr const char* kKaggleEnding = ".JPEG";
constexpr int kBoxNumbers = 4;  // left, top, right and bottom

/// Takes a box away that stands behind the class, as Tiny-ImageNet has it: a
/// tab and a number, four times.
void drop_box(std::string& label) {
  const auto end = label.find('\t');
  if (end == std::string::npos) return;
  const auto box = label.substr(end);
  const bool numbers =
      box.find_first_not_of("\t0123456789") == std::string::npos &&
      box.find("\t\t") == std::string::npos && box.back() != '\t';
  if (numbers && std::count(box.begin(), box.end(), '\t') == kBoxNumbers) {
    label.resize(end);
  }
}

/// What stands between the quotes of which the first is at `at`, which moves
/// behind the second; two quotes in it are one. Nothing where they do not
/// close.
std::optional<std::string> take_quoted(const std::string& line,
                                       std::size_t& at) {
  std::string text;
  while (true) {
    const auto begin = at + 1;
    const auto end = line.find('"', begin);
    if (end == std::string::npos) return std::nullopt;
    text += line.substr(begin, end - begin);
    at = end + 1;
    if (at >= line.size() || line[at] != '"') return text;
    text += '"';
  }
}

/// The fields of a line with commas, as tables are written: a field in quotes
/// may hold commas. Spaces around a field go. Nothing where quotes do not close
/// or end within a field.
std::optional<std::vector<std::string>> comma_fields(const std::string& line) {
  const auto skip_spaces = [&](std::size_t at) {
    return std::min(line.find_first_not_of(' ', at), line.size());
  };
  std::vector<std::string> fields;
  for (std::size_t at = 0; at <= line.size(); ++at) {
    at = skip_spaces(at);
    if (at < line.size() && line[at] == '"') {
      auto field = take_quoted(line, at);
      at = skip_spaces(at);
      if (!field || (at < line.size() && line[at] != ',')) return std::nullopt;
      fields.push_back(std::move(*field));
      continue;
    }
    const auto end = std::min(line.find(',', at), line.size());
    auto field = line.substr(at, end - at);
    field.resize(field.find_last_not_of(' ') + 1);
    fields.push_back(std::move(field));
    at = end;
  }
  return fields;
}

/// File and class of a line; nothing unless it has the two.
std::optional<std::pair<std::string, std::string>> fields_of(
    const std::string& line, bool is_kaggles) {
  std::string name, label;
  if (line.find(',') != std::string::npos) {
    auto fields = comma_fields(line);
    if (!fields || fields->size() != 2) return std::nullopt;
    name = std::move(fields->front());
    label = std::move(fields->back());
  } else {
    const auto* separators = " \t";
    const auto end = std::min(line.find_first_of(separators), line.size());
    const auto next =
        std::min(line.find_first_not_of(separators, end), line.size());
    name = line.substr(0, end);
    label = line.substr(next);
    drop_box(label);
    if (label.find_first_of(separators) != std::string::npos) {
      return std::nullopt;
    }
  }
  if (name.empty() || label.empty()) return std::nullopt;
  if (is_kaggles) {
    name += kKaggleEnding;
    label.resize(std::min(label.find(' '), label.size()));
  }
  return {{name, label}};
}

/// A header's fields without their quotes.
std::string plain_header(const std::string& line) {
  const auto fields = comma_fields(line);
  if (!fields || fields->size() != 2) return line;
  return fields->front() + "," + fields->back();
}

/// What a first line says if it is a header.
std::optional<LabelReading> reading_of(const std::string& line) {
  if (line == "file,class") return LabelReading::kEither;
  if (line == "file,name" || line == kKaggleHeader) return LabelReading::kNames;
  if (line == "file,place") return LabelReading::kPlaces;
  return std::nullopt;
}

using Labels = std::map<std::string, std::int64_t>;

Labels labels_by_name(const std::vector<std::string>& classes) {
  Labels labels;
  for (const auto& name : classes) {
    labels.emplace(name, static_cast<std::int64_t>(labels.size()));
  }
  return labels;
}

Labels labels_by_place(const std::vector<std::string>& classes) {
  Labels labels;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    labels.emplace(std::to_string(i), static_cast<std::int64_t>(i));
  }
  return labels;
}

/// Those of the images before the first that has none.
std::vector<std::int64_t> labels_in_list(const std::vector<ListedImage>& images,
                                         const Labels& labels) {
  std::vector<std::int64_t> read;
  for (const auto& image : images) {
    const auto found = labels.find(image.label);
    if (found == labels.end()) break;
    read.push_back(found->second);
  }
  return read;
}

}  // namespace

std::string in_line_of_list(const std::string& text, std::int64_t line,
                            const std::string& path) {
  return quoted_name(text) + " " + FileLine{path, line}.text();
}

ImageList read_image_list(const std::string& where, const std::string& path,
                          std::istream& stream) {
  ImageList list;
  bool is_kaggles = false;
  for (const auto& [line, number] : read_text_lines(path, stream)) {
    if (number == 1) {
      const auto header = plain_header(line);
      const auto reading = reading_of(header);
      is_kaggles = header == kKaggleHeader;
      list.reading = reading.value_or(LabelReading::kEither);
      if (reading) continue;
    }
    const auto fields = fields_of(line, is_kaggles);
    if (!fields) {
      throw_file_error(where, "a line must be file,class or file class",
                       in_line_of_list(line, number, path), "correct it");
    }
    list.images.push_back({fields->first, fields->second, number});
  }
  return list;
}

std::vector<std::int64_t> labels_of(const ImageList& list,
                                    const std::vector<std::string>& classes,
                                    const std::string& where,
                                    const std::string& path) {
  const bool try_names = list.reading != LabelReading::kPlaces;
  const bool try_places = list.reading != LabelReading::kNames;
  const auto names = try_names ? labels_by_name(classes) : Labels();
  const auto places = try_places ? labels_by_place(classes) : Labels();
  auto by_name = labels_in_list(list.images, names);
  auto by_place = labels_in_list(list.images, places);
  const auto count = list.images.size();
  const bool all_names = try_names && by_name.size() == count;
  const bool all_places = try_places && by_place.size() == count;
  const auto in_line = [&](std::size_t i) {
    return in_line_of_list(list.images[i].label, list.images[i].line, path);
  };
  if (all_names && all_places) {
    const auto differs =
        std::mismatch(by_name.begin(), by_name.end(), by_place.begin()).first;
    if (differs == by_name.end()) return by_name;
    throw_file_error(
        where, "the classes of a list must be names or places, not both",
        in_line(static_cast<std::size_t>(differs - by_name.begin())) +
            ", a class by its name and another by its place",
        "write file,name or file,place as the first line");
  }
  if (all_names) return by_name;
  if (all_places) return by_place;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& label = list.images[i].label;
    if (names.count(label) == 0 && places.count(label) == 0) {
      throw_file_error(where, "each class must be one of training's",
                       in_line(i), "correct the list, or train on that class");
    }
  }
  const auto no_name = in_line(by_name.size());
  const auto no_place = in_line(by_place.size());
  throw_file_error(
      where, "the classes of a list must all be names or all be places",
      no_name + ", which is no name, and " + no_place + ", which is no place",
      "write them all in one way");
}

}  // namespace expandnet::data
