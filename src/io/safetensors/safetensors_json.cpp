#include "io/safetensors/safetensors_json.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace expandnet {

namespace {

constexpr std::int64_t kSafetensorsMaxNumber =
    std::numeric_limits<std::int64_t>::max();

/// Whether the format has a dtype of that name whose elements share bytes.
bool is_sub_byte_dtype(std::string_view name) {
  return name == "F4" || name == "F6_E2M3" || name == "F6_E3M2";
}

/// Takes what the JSON parser meets, one thing after the other, and refuses the
/// first that has no place there: so nothing gets deeper than the sizes of a
/// tensor. The parser goes on for as long as it is told `true`.
class SafetensorsSax {
 public:
  SafetensorsSax(const std::string& where, std::size_t offset)
      : where_(where), offset_(offset) {}

  SafetensorsHeader take_header() { return std::move(header_); }

  // What the parser calls.
  bool null() { refuse("null"); }
  bool boolean(bool value) { refuse(value ? "true" : "false"); }
  bool number_integer(std::int64_t value) {  // one with a minus
    refuse(value == 0 ? "-0" : std::to_string(value));
  }
  bool number_unsigned(std::uint64_t value);
  bool number_float(double /*value*/, const std::string& token) {
    constexpr std::size_t kShown = 40;
    refuse(token.substr(0, kShown) + (token.size() > kShown ? "..." : ""));
  }
  bool string(std::string& text);
  bool binary(nlohmann::json::binary_t& /*value*/) { refuse("bytes"); }
  bool start_object(std::size_t /*unknown*/);
  bool key(std::string& name);
  bool end_object();
  bool start_array(std::size_t /*unknown*/);
  bool end_array();
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& /*error*/) {
    // The position counts the bytes read so far; the last of them is wrong.
    complain("the header must be JSON in UTF-8",
             "a mistake at byte " + std::to_string(offset_ + position - 1));
  }

 private:
  /// Where the parser is, by what has to come next.
  enum class Place {
    kHeader,        ///< {
    kNames,         ///< a tensor's name, or }
    kTensor,        ///< {
    kFields,        ///< "dtype", "shape", "data_offsets", or }
    kDtype,         ///< text
    kShape,         ///< [
    kSizes,         ///< a number, or ]
    kOffsets,       ///< [
    kBounds,        ///< a number, or ]
    kMetadata,      ///< {
    kMetadataKeys,  ///< a key, or }
    kMetadataText,  ///< text
  };

  void begin_field(const std::string& name);
  void set_dtype(const std::string& name);
  void check_fields() const;

  [[nodiscard]] std::string tensor_name() const {
    return "tensor " + quoted_name(header_.tensors.back().name);
  }
  /// What has to come next.
  [[nodiscard]] std::string rule() const;
  /// Refuses what came in its place.
  [[noreturn]] void refuse(const std::string& value) const {
    complain(rule(), value);
  }
  [[noreturn]] void complain(const std::string& rule,
                             const std::string& value) const {
    throw_file_error(where_, rule, value, kSafetensorsRemedy);
  }

  const std::string& where_;
  const std::size_t offset_;
  SafetensorsHeader header_;
  Place place_ = Place::kHeader;
  bool has_metadata_ = false;
  std::map<std::string, std::string>::iterator metadata_;  ///< of the last key

  // Of the last tensor.
  bool has_dtype_ = false;
  bool has_shape_ = false;
  bool has_offsets_ = false;
  std::vector<std::uint64_t> bounds_;
};

std::string SafetensorsSax::rule() const {
  const std::string integers =
      "integers from 0 to " + std::to_string(kSafetensorsMaxNumber);
  switch (place_) {
    case Place::kTensor:
      return tensor_name() + " must be an object";
    case Place::kDtype:
      return "dtype of " + tensor_name() + " must be text";
    case Place::kShape:
      return "shape of " + tensor_name() + " must be an array";
    case Place::kSizes:
      return "shape of " + tensor_name() + " must hold " + integers;
    case Place::kOffsets:
      return "data_offsets of " + tensor_name() + " must be an array";
    case Place::kBounds:
      return "data_offsets of " + tensor_name() + " must hold two " + integers;
    case Place::kMetadata:
      return "__metadata__ must be an object";
    case Place::kMetadataText:
      return quoted_name(metadata_->first) + " in __metadata__ must be text";
    default:
      return "the header must be an object";  // it begins with {
  }
}

bool SafetensorsSax::number_unsigned(std::uint64_t value) {
  if (value > static_cast<std::uint64_t>(kSafetensorsMaxNumber)) {
    refuse(std::to_string(value));
  }
  if (place_ == Place::kSizes) {
    auto& shape = header_.tensors.back().shape;
    if (shape.size() == kSafetensorsMaxDimensions) {
      complain("shape of " + tensor_name() + " must have at most " +
                   std::to_string(kSafetensorsMaxDimensions) + " sizes",
               "more");
    }
    shape.push_back(static_cast<std::int64_t>(value));
  } else if (place_ == Place::kBounds) {
    if (bounds_.size() == 2) refuse("three");
    bounds_.push_back(value);
  } else {
    refuse(std::to_string(value));
  }
  return true;
}

bool SafetensorsSax::string(std::string& text) {
  if (place_ == Place::kDtype) {
    set_dtype(text);
    place_ = Place::kFields;
  } else if (place_ == Place::kMetadataText) {
    metadata_->second = std::move(text);
    place_ = Place::kMetadataKeys;
  } else {
    refuse("the text " + quoted_name(text));
  }
  return true;
}

bool SafetensorsSax::start_object(std::size_t /*unknown*/) {
  if (place_ == Place::kHeader) {
    place_ = Place::kNames;
  } else if (place_ == Place::kMetadata) {
    place_ = Place::kMetadataKeys;
  } else if (place_ == Place::kTensor) {
    has_dtype_ = has_shape_ = has_offsets_ = false;
    bounds_.clear();
    place_ = Place::kFields;
  } else {
    refuse("an object");
  }
  return true;
}

bool SafetensorsSax::key(std::string& name) {
  if (place_ == Place::kFields) {
    begin_field(name);
  } else if (place_ == Place::kMetadataKeys) {
    const auto [entry, is_new] = header_.metadata.emplace(name, "");
    if (!is_new) {
      complain("a key may stand once in __metadata__",
               quoted_name(name) + " again");
    }
    metadata_ = entry;
    place_ = Place::kMetadataText;
  } else if (name == kSafetensorsMetadataName) {
    if (std::exchange(has_metadata_, true)) {
      complain("a name may stand once in the header",
               quoted_name(name) + " again");
    }
    place_ = Place::kMetadata;
  } else {
    header_.tensors.emplace_back().name = std::move(name);
    place_ = Place::kTensor;
  }
  return true;
}

bool SafetensorsSax::end_object() {
  if (place_ == Place::kFields) {
    check_fields();
    header_.tensors.back().begin = bounds_[0];
    header_.tensors.back().end = bounds_[1];
  }
  // Behind the header's own brace, the parser itself refuses everything.
  place_ = Place::kNames;
  return true;
}

bool SafetensorsSax::start_array(std::size_t /*unknown*/) {
  if (place_ == Place::kShape) {
    place_ = Place::kSizes;
  } else if (place_ == Place::kOffsets) {
    place_ = Place::kBounds;
  } else {
    refuse("an array");
  }
  return true;
}

bool SafetensorsSax::end_array() {
  if (place_ == Place::kBounds && bounds_.size() < 2) {
    refuse(bounds_.empty() ? "none" : "one");
  }
  place_ = Place::kFields;
  return true;
}

void SafetensorsSax::begin_field(const std::string& name) {
  bool* seen = nullptr;
  if (name == "dtype") {
    seen = &has_dtype_;
    place_ = Place::kDtype;
  } else if (name == "shape") {
    seen = &has_shape_;
    place_ = Place::kShape;
  } else if (name == "data_offsets") {
    seen = &has_offsets_;
    place_ = Place::kOffsets;
  } else {
    complain(tensor_name() + " may have dtype, shape and data_offsets",
             quoted_name(name));
  }
  if (std::exchange(*seen, true)) {
    complain("a field may stand once in " + tensor_name(), name + " again");
  }
}

void SafetensorsSax::set_dtype(const std::string& name) {
  const auto dtype = dtype_of_safetensors(name);
  if (dtype) {
    header_.tensors.back().dtype = *dtype;
    return;
  }
  if (is_sub_byte_dtype(name)) {
    throw_file_error(
        where_, "the elements of " + tensor_name() + " must take whole bytes",
        "dtype " + name, "convert it to one of whole bytes");
  }
  complain("dtype of " + tensor_name() + " must be one of " +
               safetensors_dtype_names(),
           quoted_name(name));
}

void SafetensorsSax::check_fields() const {
  if (!has_dtype_ || !has_shape_ || !has_offsets_) {
    complain(tensor_name() + " must have dtype, shape and data_offsets",
             std::string("no ") + (!has_dtype_   ? "dtype"
                                   : !has_shape_ ? "shape"
                                                 : "data_offsets"));
  }
}

}  // namespace

SafetensorsHeader parse_safetensors_json(const std::string& where,
                                         std::string_view json,
                                         std::size_t offset) {
  SafetensorsSax sax(where, offset);
  nlohmann::json::sax_parse(json.begin(), json.end(), &sax);
  return sax.take_header();
}

}  // namespace expandnet
