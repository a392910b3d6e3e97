// photos.h: JPEG files like those of a camera, where there is no ImageNet.
#pragma once

#include <cstdint>
#include <filesystem>

namespace expandnet::examples::bench {

/// Writes JPEG files of 500x375 pixels into `folder`/<class>, two classes of
/// as many: noise of all scales, as nature has, and shapes with hard edges.
/// Quality 90 and colour at half resolution give 55 KB each, ImageNet's have
/// 110 on average. The same in each run.
void write_photos(const std::filesystem::path& folder, std::int64_t count);

}  // namespace expandnet::examples::bench
