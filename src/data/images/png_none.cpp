// For builds without libpng.
#include "base/error.h"
#include "data/images/png_file.h"

namespace expandnet::data {

ImageSize read_png_header(const std::string& where, const std::string& path,
                          const std::vector<std::uint8_t>& /*bytes*/) {
  throw_file_error(where, "this build reads JPEG alone",
                   "PNG in \"" + path + "\"",
                   "install libpng and build again, or convert the file");
}

Image decode_png(const std::string& where, const std::string& path,
                 const std::vector<std::uint8_t>& bytes, const Crop& /*crop*/) {
  static_cast<void>(read_png_header(where, path, bytes));
  return {};
}

}  // namespace expandnet::data
