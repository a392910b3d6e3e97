#include "base/read_file.h"

#include <cerrno>
#include <cstdio>
#include <memory>

#include "base/error.h"

namespace expandnet {

std::string read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen(path.c_str(), "rbe"), std::fclose);
  if (file == nullptr) throw_system_error("open", path, errno);
  std::string content;
  char block[1 << 16];
  for (;;) {
    const auto count = std::fread(block, 1, sizeof(block), file.get());
    content.append(block, count);
    if (count == sizeof(block)) continue;
    if (std::ferror(file.get()) != 0) throw_system_error("read", path, errno);
    return content;
  }
}

}  // namespace expandnet
