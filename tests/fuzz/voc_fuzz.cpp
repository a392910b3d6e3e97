// Any bytes are an annotation of VOC, or a std::runtime_error.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "data/sets/voc_annotation.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const auto annotation =
        expandnet::data::parse_voc_annotation("fuzz", "fuzz.xml", bytes);
    const auto most = static_cast<std::int64_t>(size) + 1;
    for (const auto& object : annotation.objects) {
      require(object.line >= 1 && object.line <= most);
      require(object.name.size() <= size + 1024);
      for (const auto& side :
           {object.xmin, object.ymin, object.xmax, object.ymax}) {
        require(!side || std::isfinite(*side));
      }
    }
    require(annotation.objects.size() <= size);
  } catch (const std::runtime_error&) {
    return 0;
  }
  return 0;
}
