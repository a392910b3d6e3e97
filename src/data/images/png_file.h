// png_file.h: decodes PNG by libpng, where the library was built with it.
#pragma once

#include <expandnet/data/images/image.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::data {

/// Both functions throw `std::runtime_error`, in the name of `where` and with
/// the path, when the data are damaged or the library has no libpng.
[[nodiscard]] ImageSize read_png_header(const std::string& where,
                                        const std::string& path,
                                        const std::vector<std::uint8_t>& bytes);

/// Decodes a crop.
[[nodiscard]] Image decode_png(const std::string& where,
                               const std::string& path,
                               const std::vector<std::uint8_t>& bytes,
                               const Crop& crop);

}  // namespace expandnet::data
