#include "data/sets/voc_annotation.h"

#include <expat.h>

#include <algorithm>
#include <cctype>
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
  const bool has_plus = text.size() > 1 && text[0] == '+' && text[1] != '-';
  const auto [rest, error] =
      std::from_chars(text.data() + (has_plus ? 1 : 0), end, value);
  if (error != std::errc() || rest != end || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

/// "1", "0", "True", "false" ...
std::optional<bool> truth_in(std::string text) {
  for (auto& letter : text) {
    letter =
        static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  if (text == "1" || text == "true") return true;
  if (text == "0" || text == "false") return false;
  return std::nullopt;
}

/// Keeps the first that is wrong.
void keep_wrong(std::optional<WrongField>& wrong, const std::string& rule,
                const std::string& value) {
  if (!wrong) wrong = WrongField{rule, value};
}

void take_number(const char* name, const std::string& text,
                 std::optional<double>& number,
                 std::optional<WrongField>& wrong) {
  if (text.empty()) return;  // it is missing
  if (number) {
    keep_wrong(wrong, std::string(name) + " must be there once",
               quoted_name(text) + " again");
  }
  number = number_in(text);
  if (!number) {
    keep_wrong(wrong, std::string(name) + " must be a number",
               quoted_name(text));
  }
}

void take_truth(const char* name, const std::string& text, bool& truth,
                std::optional<WrongField>& wrong) {
  if (text.empty()) return;  // it is missing
  const auto found = truth_in(text);
  if (!found) {
    keep_wrong(wrong, std::string(name) + " must be 0, 1, true or false",
               quoted_name(text));
  }
  truth = found.value_or(false);
}

/// What expat calls. It is C, which no exception may cross: what is wrong stops
/// it and is told afterwards.
struct VocReader {
  XML_Parser parser = nullptr;
  VocAnnotation annotation;
  std::string path;  ///< of elements: "/annotation/object"
  std::size_t depth = 0;
  std::string text;  ///< of the element that is read
  int boxes = 0;     ///< of the object that is read
  std::string wrong;
  std::string remedy = "correct the file";

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
      boxes = 0;
    } else if (path == "/annotation/object/bndbox") {
      if (++boxes == 2) {
        keep_wrong(annotation.objects.back().wrong,
                   "an object must have one bndbox", "a second one");
      }
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
    auto& wrong_size = annotation.wrong;
    if (path == "/annotation/size/width") {
      take_number("width", value, annotation.width, wrong_size);
    }
    if (path == "/annotation/size/height") {
      take_number("height", value, annotation.height, wrong_size);
    }
    constexpr std::string_view kObject = "/annotation/object/";
    if (path.compare(0, kObject.size(), kObject) != 0) return;
    const std::string_view whole = path;
    take_field(whole.substr(kObject.size()), value, annotation.objects.back());
  }

  static void take_field(std::string_view field, const std::string& value,
                         VocObject& object) {
    auto& wrong = object.wrong;
    if (field == "name") {
      if (!object.name.empty()) {
        keep_wrong(wrong, "an object must have one name",
                   quoted_name(object.name) + " and " + quoted_name(value));
      }
      object.name = value;
    }
    if (field == "difficult") {
      take_truth("difficult", value, object.difficult, wrong);
    }
    if (field == "truncated") {
      take_truth("truncated", value, object.truncated, wrong);
    }
    if (field == "bndbox/xmin") take_number("xmin", value, object.xmin, wrong);
    if (field == "bndbox/ymin") take_number("ymin", value, object.ymin, wrong);
    if (field == "bndbox/xmax") take_number("xmax", value, object.xmax, wrong);
    if (field == "bndbox/ymax") take_number("ymax", value, object.ymax, wrong);
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

/// Called for an encoding that expat does not know.
int XMLCALL refuse_encoding(void* data, const char* name,
                            XML_Encoding* /*encoding*/) {
  auto& reader = reader_of(data);
  reader.wrong = "the encoding " + quoted_name(name);
  reader.remedy = "save it as UTF-8";
  return XML_STATUS_ERROR;
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
  XML_SetUnknownEncodingHandler(parser.get(), refuse_encoding, &reader);
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
                   reader.remedy);
}

}  // namespace expandnet::data
