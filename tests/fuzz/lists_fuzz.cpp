// Any bytes are lines "name,class", or the classes of a run, or a
// std::runtime_error.
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>

#include "data/sets/image_list.h"
#include "trainers/app/settings/class_list.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void try_images(const std::string& text) {
  std::istringstream stream(text);
  try {
    std::int64_t last = 0;
    const auto list =
        expandnet::data::read_image_list("fuzz", "list.csv", stream);
    for (const auto& image : list.images) {
      require(image.line > last);
      // A field in quotes may hold commas.
      require((image.name + image.label).find('\n') == std::string::npos);
      last = image.line;
    }
    const auto labels =
        expandnet::data::labels_of(list, {"1", "2", "cat"}, "fuzz", "list.csv");
    require(labels.size() == list.images.size());
  } catch (const std::runtime_error&) {
    return;
  }
}

void try_classes(const std::string& text) {
  using namespace expandnet::examples;
  try {
    const auto names = read_class_list(text);
    require(read_class_list(class_list(names)) == names);
  } catch (const std::runtime_error&) {
    return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string text(data, data + size);
  try_images(text);
  try_classes(text);
  return 0;
}
