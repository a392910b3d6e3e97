// Images read by several threads are those that one thread reads, those that
// cannot be read included.
#include <expandnet/data/images/image_transforms.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "data/loading/prefetch.h"
#include "require.h"

namespace {

using namespace expandnet::data;

constexpr std::int64_t kEpochs = 40;

std::vector<std::string> files() {
  std::vector<std::string> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(EXPANDNET_IMAGES)) {
    paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// The pixels of a random crop, or the bytes of an error.
std::vector<std::uint8_t> read(const std::string& path, std::int64_t epoch,
                               std::int64_t index) {
  try {
    return TrainTransform{8, 0.08}.read(path, {7, epoch, index}).pixels;
  } catch (const std::runtime_error& error) {
    const std::string message = error.what();
    return {message.begin(), message.end()};
  }
}

}  // namespace

int main() {
  const auto paths = files();
  const auto count = static_cast<std::int64_t>(paths.size());
  std::vector<std::vector<std::uint8_t>> images(paths.size());
  Prefetch prefetch(
      4, 1, [&](auto) { return count; },
      [&](auto epoch, auto index) {
        const auto place = static_cast<std::size_t>(index);
        images[place] = read(paths[place], epoch, index);
      });
  prefetch.start(0, kEpochs);
  for (std::int64_t epoch = 0; epoch < kEpochs; ++epoch) {
    prefetch.wait(epoch);
    for (std::int64_t index = 0; index < count; ++index) {
      const auto place = static_cast<std::size_t>(index);
      require(images[place] == read(paths[place], epoch, index),
              "threads read what one thread reads");
    }
    prefetch.release(epoch);
  }
}
