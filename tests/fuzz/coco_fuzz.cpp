// Any bytes are instances of COCO, or a std::runtime_error.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "data/sets/coco_file.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace expandnet::data;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto lines = 1 + std::count(bytes.begin(), bytes.end(), '\n');
  std::size_t elements = 0;
  const auto check = [&](std::int64_t line) {
    require(line >= 1 && line <= lines);
    ++elements;
  };
  try {
    parse_coco("fuzz", "fuzz.json", bytes,
               {[&](const CocoImage& image) {
                  check(image.line);
                  require(!image.file_name || image.file_name->size() <= size);
                },
                [&](const CocoCategory& category) { check(category.line); },
                [&](const CocoAnnotation& annotation) {
                  check(annotation.line);
                  if (!annotation.bbox) return;
                  for (const auto number : *annotation.bbox) {
                    require(std::isfinite(number));
                  }
                }});
    require(2 * elements <= size);
  } catch (const std::runtime_error&) {
    return 0;
  }
  return 0;
}
