// Gives a fuzz target each file of a folder, whole and cut short, where there
// is no libFuzzer: under valgrind.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

// libFuzzer's name for it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size);

namespace {

constexpr std::size_t kCuts = 8;

using Bytes = std::vector<std::uint8_t>;

Bytes content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t inputs = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      const auto whole = content_of(entry.path());
      for (std::size_t cut = 0; cut < kCuts; ++cut) {
        // Memory of its own, so that what is read behind its end is seen.
        const Bytes input(whole.begin(),
                          whole.end() - static_cast<std::ptrdiff_t>(
                                            whole.size() * cut / kCuts));
        LLVMFuzzerTestOneInput(input.data(), input.size());
        ++inputs;
      }
    }
  }
  std::cout << inputs << " inputs\n";
  return inputs > 0 ? 0 : 1;
}
