#include "data/sets/coco_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::data {

namespace {

using CocoJson = nlohmann::json;

/// Reads bytes and tells how far, which the parser does not.
class TrackedByte {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  TrackedByte(const char* next, const char** reached)
      : next_(next), reached_(reached) {}

  reference operator*() const { return *next_; }
  TrackedByte& operator++() {
    *reached_ = ++next_;
    return *this;
  }
  TrackedByte operator++(int) {
    auto before = *this;
    ++*this;
    return before;
  }
  bool operator==(const TrackedByte& other) const {
    return next_ == other.next_;
  }
  bool operator!=(const TrackedByte& other) const {
    return next_ != other.next_;
  }

 private:
  const char* next_;
  const char** reached_;
};

/// The integer that a number or a string of digits is.
std::optional<std::int64_t> integer_of(const CocoJson& value,
                                       bool may_be_text) {
  if (value.is_number_unsigned() || value.is_number_integer()) {
    return value.get<std::int64_t>();
  }
  if (value.is_number_float()) {
    constexpr double kExact = 9007199254740992;  // 2^53
    const auto number = value.get<double>();
    const bool is_whole =
        std::fabs(number) <= kExact && std::trunc(number) == number;
    if (is_whole) return static_cast<std::int64_t>(number);
  }
  if (may_be_text && value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto* end = text.data() + text.size();
    std::int64_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc() && rest == end) return number;
  }
  return std::nullopt;
}

std::optional<std::array<double, 4>> bbox_of(const CocoJson& value) {
  std::array<double, 4> box = {};
  if (!value.is_array() || value.size() != box.size()) return std::nullopt;
  for (std::size_t i = 0; i < box.size(); ++i) {
    if (!value[i].is_number()) return std::nullopt;
    box[i] = value[i].get<double>();
    if (!std::isfinite(box[i])) return std::nullopt;
  }
  return box;
}

/// `name 3.5`, cut where it is long.
std::string field_in_words(const char* name, const CocoJson& value) {
  constexpr std::size_t kMost = 80;
  return std::string(name) + " " +
         printable(value.dump(-1, ' ', /*ensure_ascii=*/false,
                              CocoJson::error_handler_t::replace),
                   kMost);
}

/// Takes fields out of an element, and keeps the first that is wrong.
class CocoFields {
 public:
  CocoFields(const CocoJson& object, CocoElement& element)
      : object_(object), element_(element) {}

  std::optional<std::int64_t> integer(const char* name) {
    return take<std::int64_t>(name, [](const CocoJson& value) {
      return integer_of(value, /*may_be_text=*/false);
    });
  }
  std::optional<std::int64_t> id(const char* name) {
    return take<std::int64_t>(name, [](const CocoJson& value) {
      return integer_of(value, /*may_be_text=*/true);
    });
  }
  std::optional<std::string> text(const char* name) {
    return take<std::string>(
        name, [](const CocoJson& value) -> std::optional<std::string> {
          if (!value.is_string()) return std::nullopt;
          return value.get<std::string>();
        });
  }
  std::optional<std::array<double, 4>> bbox() {
    return take<std::array<double, 4>>("bbox", bbox_of);
  }

 private:
  template <typename Value, typename Convert>
  std::optional<Value> take(const char* name, const Convert& convert) {
    const auto found = object_.find(name);
    const bool is_there = found != object_.end();
    std::optional<Value> value;
    if (is_there) value = convert(*found);
    if (!value && element_.wrong.empty()) {
      element_.wrong =
          is_there ? field_in_words(name, *found) : std::string("no ") + name;
    }
    return value;
  }

  const CocoJson& object_;
  CocoElement& element_;
};

CocoImage image_in(const CocoJson& object, std::int64_t number) {
  CocoImage image;
  image.number = number;
  CocoFields fields(object, image);
  image.id = fields.id("id");
  image.file_name = fields.text("file_name");
  image.width = fields.integer("width");
  image.height = fields.integer("height");
  return image;
}

CocoCategory category_in(const CocoJson& object, std::int64_t number) {
  CocoCategory category;
  category.number = number;
  CocoFields fields(object, category);
  category.id = fields.id("id");
  category.name = fields.text("name");
  return category;
}

CocoAnnotation annotation_in(const CocoJson& object, std::int64_t number) {
  CocoAnnotation annotation;
  annotation.number = number;
  CocoFields fields(object, annotation);
  annotation.image_id = fields.id("image_id");
  annotation.category_id = fields.id("category_id");
  annotation.bbox = fields.bbox();
  const auto id = object.find("id");
  if (id != object.end()) annotation.id = integer_of(*id, true);
  const auto crowd = object.find("iscrowd");
  if (crowd == object.end()) return annotation;
  const auto value =
      crowd->is_boolean()
          ? std::optional<std::int64_t>(crowd->get<bool>() ? 1 : 0)
          : integer_of(*crowd, /*may_be_text=*/false);
  annotation.iscrowd = value == 1;
  if (value != 0 && value != 1) {
    annotation.wrong_crowd = field_in_words("iscrowd", *crowd);
  }
  return annotation;
}

/// Whether a field of an element is looked at.
bool is_asked_for(const std::string& name) {
  for (const auto* known : {"id", "file_name", "width", "height", "name",
                            "image_id", "category_id", "bbox", "iscrowd"}) {
    if (name == known) return true;
  }
  return false;
}

/// Gives the elements of the arrays, as the parser ends them, to a visitor.
class CocoEvents {
 public:
  explicit CocoEvents(const CocoVisitor& visitor) : visitor_(visitor) {}

  /// Whether the value is kept. Depths: 1 for the names of arrays, 2 for their
  /// elements, 3 for the elements' fields.
  bool keeps(int depth, CocoJson::parse_event_t event, CocoJson& value) {
    using Event = CocoJson::parse_event_t;
    if (event == Event::key && depth == 1) {
      array_ = value.get<std::string>();
      number_ = 0;
      return array_ == "images" || array_ == "categories" ||
             array_ == "annotations";
    }
    if (event == Event::key && depth == 3) {
      return is_asked_for(value.get<std::string>());
    }
    if (event == Event::object_end && depth == 2) {
      visit(value);
      return false;
    }
    return true;
  }

 private:
  void visit(const CocoJson& element) {
    ++number_;
    if (array_ == "images") {
      visitor_.image(image_in(element, number_));
    } else if (array_ == "categories") {
      visitor_.category(category_in(element, number_));
    } else if (array_ == "annotations") {
      visitor_.annotation(annotation_in(element, number_));
    }
  }

  const CocoVisitor& visitor_;
  std::string array_;
  std::int64_t number_ = 0;  ///< of elements so far
};

}  // namespace

void parse_coco(const std::string& where, const std::string& path,
                std::string_view bytes, const CocoVisitor& visitor) {
  const auto* begin = bytes.data();
  const auto* reached = begin;
  CocoEvents events(visitor);
  try {
    [[maybe_unused]] const auto rest = CocoJson::parse(
        TrackedByte(begin, &reached),
        TrackedByte(begin + bytes.size(), &reached),
        [&](int depth, CocoJson::parse_event_t event, CocoJson& value) {
          return events.keeps(depth, event, value);
        });
  } catch (const CocoJson::exception&) {  // a number may be out of range, too
    throw_file_error(where, "instances must be JSON in UTF-8",
                     "a mistake in line " +
                         std::to_string(1 + std::count(begin, reached, '\n')) +
                         ", at byte " + std::to_string(reached - begin) +
                         ", of " + in_quotes(path),
                     "fetch the file again");
  }
}

}  // namespace expandnet::data
