#include "data/sets/voc_annotation.h"

#include <expat.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <system_error>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::data {

namespace {

constexpr std::size_t kXmlMaxDepth = 32;
constexpr std::size_t kXmlMaxText = 1024;

std::string trimmed(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::optional<double> number_in(const std::string& text) {
  double value = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

/// What expat calls. It is C, which no exception may cross: what is wrong stops
/// it and is told afterwards.
struct VocReader {
  XML_Parser parser = nullptr;
  VocAnnotation annotation;
  std::string path;  ///< of elements: "/annotation/object"
  std::size_t depth = 0;
  std::string text;  ///< of the element that is read
  std::string wrong;

  void stop(const char* why) {
    wrong = why;
    XML_StopParser(parser, XML_FALSE);
  }

  [[nodiscard]] std::int64_t line() const {
    return static_cast<std::int64_t>(XML_GetCurrentLineNumber(parser));
  }

  void begin(const char* name) {
    if (depth == 0 && std::string_view(name) != "annotation") {
      stop("another root");
      return;
    }
    if (++depth > kXmlMaxDepth) {
      stop("more than 32 levels");
      return;
    }
    path += '/';
    path += name;
    text.clear();
    if (path == "/annotation/object") {
      annotation.objects.emplace_back().line = line();
    } else if (path == "/annotation/size") {
      annotation.size_line = line();
    }
  }

  void end(const char* name) {
    // Of an empty element, expat calls this even if it was stopped.
    if (!wrong.empty()) return;
    take();
    text.clear();
    path.resize(path.size() - std::string_view(name).size() - 1);
    --depth;
  }

  void take() {
    const auto value = trimmed(text);
    if (path == "/annotation/size/width") annotation.width = number_in(value);
    if (path == "/annotation/size/height") annotation.height = number_in(value);
    constexpr std::string_view kObject = "/annotation/object/";
    if (path.compare(0, kObject.size(), kObject) != 0) return;
    auto& object = annotation.objects.back();
    const auto field = std::string_view(path).substr(kObject.size());
    if (field == "name") object.name = value;
    if (field == "difficult") object.difficult = value == "1";
    if (field == "truncated") object.truncated = value == "1";
    if (field == "bndbox/xmin") object.xmin = number_in(value);
    if (field == "bndbox/ymin") object.ymin = number_in(value);
    if (field == "bndbox/xmax") object.xmax = number_in(value);
    if (field == "bndbox/ymax") object.ymax = number_in(value);
  }
};

VocReader& reader_of(void* data) { return *static_cast<VocReader*>(data); }

void XMLCALL begin_element(void* data, const char* name,
                           const char** /*attributes*/) {
  reader_of(data).begin(name);
}

void XMLCALL end_element(void* data, const char* name) {
  reader_of(data).end(name);
}

void XMLCALL add_text(void* data, const char* text, int size) {
  auto& reader = reader_of(data);
  if (reader.text.size() < kXmlMaxText) {
    reader.text.append(text, static_cast<std::size_t>(size));
  }
}

/// A document type may define entities, which grow without end.
void XMLCALL refuse_document_type(void* data, const char* /*name*/,
                                  const char* /*system*/,
                                  const char* /*public_id*/, int /*internal*/) {
  reader_of(data).stop("a document type");
}

}  // namespace

VocAnnotation parse_voc_annotation(const std::string& where,
                                   const std::string& path,
                                   std::string_view bytes) {
  const std::unique_ptr<std::remove_pointer_t<XML_Parser>,
                        decltype(&XML_ParserFree)>
      parser(XML_ParserCreate(nullptr), XML_ParserFree);
  if (!parser) throw std::bad_alloc();
  VocReader reader;
  reader.parser = parser.get();
  XML_SetUserData(parser.get(), &reader);
  XML_SetElementHandler(parser.get(), begin_element, end_element);
  XML_SetCharacterDataHandler(parser.get(), add_text);
  XML_SetStartDoctypeDeclHandler(parser.get(), refuse_document_type);
  // expat takes an int, and an annotation has a few kB.
  const auto most = static_cast<std::size_t>(std::numeric_limits<int>::max());
  const auto size = static_cast<int>(std::min(bytes.size(), most));
  if (XML_Parse(parser.get(), bytes.data(), size, XML_TRUE) == XML_STATUS_OK) {
    return std::move(reader.annotation);
  }
  const std::string wrong =
      reader.wrong.empty() ? XML_ErrorString(XML_GetErrorCode(parser.get()))
                           : reader.wrong;
  throw_file_error(where, "an annotation must be XML with the root annotation",
                   wrong + " in line " + std::to_string(reader.line()) +
                       " of " + in_quotes(path),
                   "correct the file");
}

}  // namespace expandnet::data
