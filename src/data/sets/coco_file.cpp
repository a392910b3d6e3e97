#include "data/sets/coco_file.h"

#include <cmath>
#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::data {

namespace {

using CocoJson = nlohmann::json;

/// Reads bytes and counts their lines, which the parser does not tell.
class LineCounter {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  LineCounter(const char* next, std::int64_t* line)
      : next_(next), line_(line) {}

  reference operator*() const { return *next_; }
  LineCounter& operator++() {
    if (*next_ == '\n') ++*line_;
    ++next_;
    return *this;
  }
  LineCounter operator++(int) {
    auto before = *this;
    ++*this;
    return before;
  }
  bool operator==(const LineCounter& other) const {
    return next_ == other.next_;
  }
  bool operator!=(const LineCounter& other) const {
    return next_ != other.next_;
  }

 private:
  const char* next_;
  std::int64_t* line_;
};

std::optional<std::int64_t> integer_in(const CocoJson& object,
                                       const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) {
    return std::nullopt;
  }
  return found->get<std::int64_t>();
}

std::optional<std::string> string_in(const CocoJson& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<std::array<double, 4>> bbox_in(const CocoJson& object) {
  const auto found = object.find("bbox");
  if (found == object.end() || !found->is_array() || found->size() != 4) {
    return std::nullopt;
  }
  std::array<double, 4> box = {};
  for (std::size_t i = 0; i < box.size(); ++i) {
    if (!(*found)[i].is_number()) return std::nullopt;
    box[i] = (*found)[i].get<double>();
    if (!std::isfinite(box[i])) return std::nullopt;
  }
  return box;
}

/// Whether a field of an element is looked at.
bool is_asked_for(const std::string& name) {
  for (const auto* known : {"id", "file_name", "width", "height", "name",
                            "image_id", "category_id", "bbox", "iscrowd"}) {
    if (name == known) return true;
  }
  return false;
}

}  // namespace

void parse_coco(const std::string& where, const std::string& path,
                std::string_view bytes, const CocoVisitor& visitor) {
  std::int64_t line = 1;
  std::int64_t begin = 1;  // of the element
  std::string array;
  const auto visit = [&](const CocoJson& element) {
    if (array == "images") {
      visitor.image(
          {begin, integer_in(element, "id"), integer_in(element, "width"),
           integer_in(element, "height"), string_in(element, "file_name")});
    } else if (array == "categories") {
      visitor.category(
          {begin, integer_in(element, "id"), string_in(element, "name")});
    } else if (array == "annotations") {
      visitor.annotation({begin, integer_in(element, "image_id"),
                          integer_in(element, "category_id"), bbox_in(element),
                          integer_in(element, "iscrowd").value_or(0) != 0});
    }
  };
  // What it returns says whether the value is kept. Depths: 1 for the names of
  // arrays, 2 for their elements, 3 for the elements' fields.
  const auto on_event = [&](int depth, CocoJson::parse_event_t event,
                            CocoJson& value) {
    using Event = CocoJson::parse_event_t;
    if (event == Event::key && depth == 1) {
      array = value.get<std::string>();
      return array == "images" || array == "categories" ||
             array == "annotations";
    }
    if (event == Event::key && depth == 3) {
      return is_asked_for(value.get<std::string>());
    }
    if (event == Event::object_start && depth == 2) begin = line;
    if (event == Event::object_end && depth == 2) {
      visit(value);
      return false;
    }
    return true;
  };
  try {
    [[maybe_unused]] const auto rest = CocoJson::parse(
        LineCounter(bytes.data(), &line),
        LineCounter(bytes.data() + bytes.size(), &line), on_event);
  } catch (const CocoJson::exception&) {  // a number may be out of range, too
    throw_file_error(
        where, "instances must be JSON in UTF-8",
        "a mistake in line " + std::to_string(line) + " of " + in_quotes(path),
        "fetch the file again");
  }
}

}  // namespace expandnet::data
