// Any bytes are instances of COCO, or a std::runtime_error.
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
  std::size_t elements = 0;
  const auto check = [&](std::int64_t number) {
    ++elements;
    require(number >= 1 && number <= static_cast<std::int64_t>(elements));
  };
  try {
    parse_coco("fuzz", "fuzz.json", bytes,
               {[&](const CocoImage& image) {
                  check(image.number);
                  require(!image.file_name || image.file_name->size() <= size);
                },
                [&](const CocoCategory& category) { check(category.number); },
                [&](const CocoAnnotation& annotation) {
                  check(annotation.number);
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
