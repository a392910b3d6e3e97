#include "benchmarks/files/image_source.h"

#include <c10/util/Exception.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "benchmarks/files/photos.h"

namespace expandnet::examples::bench {

namespace {

/// Links to `count` images spread evenly over those of `from`, in `into`.
void link_images(const data::ImageFolder& from, std::int64_t count,
                 const std::filesystem::path& into) {
  const auto all = static_cast<std::int64_t>(from.files.size());
  TORCH_CHECK(
      all >= count,
      error_message("expandnet-bench-files",
                    "--images must not be above the number of images",
                    std::to_string(count) + " for " + std::to_string(all) +
                        " in \"" + from.folder + "\""));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto& file = from.files[static_cast<std::size_t>(i * all / count)];
    const auto path = std::filesystem::absolute(file.path);
    const auto place =
        into / from.classes[static_cast<std::size_t>(file.label)];
    std::filesystem::create_directories(place);
    std::filesystem::create_symlink(path, place / path.filename());
  }
}

}  // namespace

ImageSource::ImageSource(const FilesArguments& arguments) {
  if (arguments.data.empty()) {
    write_photos(scratch_.path(), arguments.images);
  } else {
    link_images(data::scan_image_folder(arguments.data), arguments.images,
                scratch_.path());
  }
  images_ = std::make_shared<const data::ImageFolder>(
      data::scan_image_folder(scratch_.path().string()));
}

}  // namespace expandnet::examples::bench
